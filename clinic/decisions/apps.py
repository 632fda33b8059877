from django.apps import AppConfig
from django.core.checks import register


class DecisionsConfig(AppConfig):
    name = "clinic.decisions"
    label = "decisions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from clinic.decisions.high_alert import unknown_drugs

        register(unknown_drugs)
