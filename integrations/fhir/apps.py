from django.apps import AppConfig


class FHIRConfig(AppConfig):
    name = "integrations.fhir"
    label = "fhir"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from integrations.fhir import listen

        listen.connect()
