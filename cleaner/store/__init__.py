"""An output folder that survives anything: what is written, under which name, and how it is remembered.

`commit` is the one door out; the `journal` says what was done to every record; `publishing` brings what was
judged into the tree, which follows from the sources and settings alone. Nothing here knows how a text is judged.
"""
