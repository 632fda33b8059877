"""NONMEM-style tables: `read` gives a course for each subject, `write` the table again."""

from twins.samples.dataset.error import DatasetError
from twins.samples.dataset.read import read
from twins.samples.dataset.write import write

__all__ = ["DatasetError", "read", "write"]
