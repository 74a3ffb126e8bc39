"""From lines to numbers: hashed n-grams for a line alone, dense columns for a line in its place.

Everything here is exact whatever the batch: sums run over integers, and floats only see single
IEEE operations. The same line in the same article gives the same row, bit for bit, in a batch of
one article or of a thousand.
"""
