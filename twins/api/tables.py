"""Tables of other programs."""

from twins.samples.dataset import write as to_nonmem

__all__ = ["to_nonmem"]
