from django.apps import AppConfig
from django.conf import settings
from django.core.checks import register


class DecisionsConfig(AppConfig):
    name = "clinic.decisions"
    label = "decisions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        if settings.HIGH_ALERT_DRUGS:  # the formulary brings the compiler along, a second of every command's start
            from clinic.decisions.high_alert import unknown_drugs

            register(unknown_drugs)
