"""Mistakes of a hospital's model file, collected so that one reading names them all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology import hospital_remedies as remedies

Array = NDArray[np.float64]
Table = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake of a file: where, what is there, and what to write instead.

    Attributes
    ----------
    key
        As the file writes it, or one of `hospital_remedies.WHOLE`.
    value
        What is there as Python writes it, or one of `hospital_remedies.STATES`.
    remedy
        A sentence of `hospital_remedies`, or what the arithmetic says of an expression.
    """

    key: str
    value: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.key} is {self.value}; {self.remedy}"


@dataclass(slots=True)
class Findings:
    """Collects mistakes, so that one reading names them all."""

    mistakes: list[Mistake] = field(default_factory=list)

    def wrong(self, key: str, value: Any, remedy: str) -> None:
        shown = remedies.MISSING if value is None else repr(value)
        self.mistakes.append(Mistake(key, shown if len(shown) <= 120 else f"{shown[:117]}...", remedy))

    def known(self, table: Table, prefix: str, names: tuple[str, ...]) -> None:
        """Name every key that has no meaning here."""
        for key in table:
            if key not in names:
                self.wrong(f"{prefix}{key}", table[key], remedies.NO_SUCH_KEY(known=", ".join(names)))

    def text(self, table: Table, key: str, *, prefix: str = "", default: str | None = None) -> str:
        value = table.get(key, default)
        if not isinstance(value, str) or (default is None and not value.strip()):
            self.wrong(prefix + key, value, remedies.WRITE_TEXT())
            return ""
        return value

    def texts(self, table: Table, key: str, *, prefix: str = "") -> tuple[str, ...]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
            self.wrong(prefix + key, value, remedies.WRITE_TEXTS())
            return ()
        return tuple(value)

    def number(
        self, table: Table, key: str, *, prefix: str = "", default: float | None = None, low: float = -np.inf
    ) -> float:
        value = table.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or np.isnan(value) or value < low:
            least = remedies.WRITE_NUMBER() if low == -np.inf else remedies.WRITE_NUMBER_FROM(low=low)
            self.wrong(prefix + key, value, least)
            return float("nan")
        return float(value)

    def optional(self, table: Table, key: str, *, prefix: str = "") -> float | None:
        return None if table.get(key) is None else self.number(table, key, prefix=prefix)

    def numbers(self, value: Any, key: str) -> Array | None:
        fine = isinstance(value, list) and all(
            isinstance(part, int | float) and not isinstance(part, bool) and np.isfinite(part) for part in value
        )
        if not fine:
            self.wrong(key, value, remedies.WRITE_NUMBERS())
            return None
        return np.array(value, dtype=np.float64)

    def table(self, data: Table, key: str, *, required: bool = False) -> Table:
        value = data.get(key)
        if value is None and not required:
            return {}
        if not isinstance(value, dict):
            self.wrong(key, value, remedies.WRITE_TABLE(key=key))
            return {}
        return value

    def tables(self, data: Table, key: str) -> list[Table]:
        value = data.get(key, [])
        if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
            self.wrong(key, value, remedies.WRITE_TABLES(key=key))
            return []
        return value
