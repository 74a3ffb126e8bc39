"""One run over a corpus: inputs to shards, shards to workers, what they found to the store.

`work` is the pure function of a worker; `intake` says what is new; `judging` keeps what comes back.
"""
