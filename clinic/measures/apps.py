from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, register


class MeasuresConfig(AppConfig):
    """An app for its catalogue of words and the check of the site's units; it has no models and no pages."""

    name = "clinic.measures"
    label = "measures"

    def ready(self) -> None:
        register(_wrong_units)


def _wrong_units(**_: Any) -> list[CheckMessage]:
    from clinic.measures.units import wrong_units

    return wrong_units()
