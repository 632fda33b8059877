"""A model's parameter in words and in UCUM: its name states the unit."""

_ENDINGS = (
    ("_l_per_h", "L/h"),
    ("_mg_per_h", "mg/h"),
    ("_mg_per_l", "mg/L"),
    ("_ug_per_l", "ug/L"),
    ("_ng_per_ml", "ng/mL"),
    ("_per_h", "/h"),
    ("_l", "L"),
    ("_h", "h"),
)
"""From the longest to the shortest where one ends in the other."""


def unit_of(parameter: str) -> str:
    """The UCUM code; ``1`` for what has no unit."""
    return next((unit for ending, unit in _ENDINGS if parameter.endswith(ending)), "1")


def words_of(parameter: str) -> str:
    """``central volume`` for ``central_volume_l``."""
    ending = next((ending for ending, _ in _ENDINGS if parameter.endswith(ending)), "")
    return parameter.removesuffix(ending).replace("_", " ")
