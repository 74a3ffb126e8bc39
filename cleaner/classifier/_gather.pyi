from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Hashes: TypeAlias = NDArray[np.uint64]

def word_sums(hashes: Hashes, starts: Ints, ends: Ints, table: Hashes, sums: NDArray[Any], /) -> None: ...
def byte_sums(hashes: Hashes, starts: Ints, ends: Ints, table: NDArray[np.int8], sums: NDArray[Any], /) -> None: ...
def add_gram_sums(
    folded: NDArray[np.uint8],
    starts: Ints,
    ends: Ints,
    size: int,
    base: int,
    salt: int,
    words: Hashes,
    small: NDArray[np.int8],
    word_sums: Hashes,
    byte_sums: NDArray[np.int32],
    /,
) -> None: ...
