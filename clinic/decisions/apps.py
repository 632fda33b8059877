from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, register


class DecisionsConfig(AppConfig):
    name = "clinic.decisions"
    label = "decisions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        register(_unknown_drugs)


def _unknown_drugs(**_: Any) -> list[CheckMessage]:
    if not settings.HIGH_ALERT_DRUGS:  # the formulary brings the compiler along, a second of every command's start
        return []
    from clinic.decisions.high_alert import unknown_drugs

    return unknown_drugs()
