from django.apps import AppConfig


class SubscriptionsConfig(AppConfig):
    name = "integrations.fhir.subscriptions"
    label = "subscriptions"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from integrations.fhir.subscriptions import listen

        listen.connect()
