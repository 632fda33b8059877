"""Rows are never rewritten: what those of earlier code call by another name is read by today's."""

from typing import Any

_NOW = {
    "value_mg_per_l": "value",
    "observed_mg_per_l": "observed",
    "population_mg_per_l": "population",
    "individual_mg_per_l": "individual",
    "auc24_before": "before",
    "auc24_after": "after",
}


def renamed(data: Any) -> Any:
    """Stored plain data with every field called as today's code calls it."""
    if isinstance(data, dict):
        return {_NOW.get(name, name): renamed(value) for name, value in data.items()}
    if isinstance(data, list):
        return [renamed(item) for item in data]
    return data
