"""Labels that people give: kept where they cannot be lost, read from every format that people use."""

from cleaner.labels.reading import read_labels
from cleaner.labels.weighting import weights

__all__ = ["read_labels", "weights"]
