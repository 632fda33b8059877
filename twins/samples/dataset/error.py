"""`DatasetError`: what is wrong with a table, where, and what to do about it."""


class DatasetError(ValueError):
    """A table that does not say what was given or measured; names row, column, value and the remedy.

    Attributes
    ----------
    row : int or None
        Number of the data row, 1 for the first; None where the table as a whole is meant.
    column : str
    """

    def __init__(
        self, remedy: str, *, column: str, value: object = None, row: int | None = None, subject: str = ""
    ) -> None:
        where = "" if row is None else f"row {row}" + (f" (ID {subject})" if subject else "") + ", "
        what = f"column {column}" + ("" if value is None else f" is {_shown(value)}")
        super().__init__(f"{where}{what}: {remedy}")
        self.row = row
        self.column = column


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else repr(value)
