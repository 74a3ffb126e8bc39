from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Hashes: TypeAlias = NDArray[np.uint64]

def word_sums(hashes: Hashes, starts: Ints, ends: Ints, table: Hashes, sums: NDArray[Any], /) -> None: ...
def byte_sums(hashes: Hashes, starts: Ints, ends: Ints, table: NDArray[np.int8], sums: NDArray[Any], /) -> None: ...
