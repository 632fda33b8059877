from django.apps import AppConfig


class FHIRConfig(AppConfig):
    name = "integrations.fhir"
    label = "fhir"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from integrations.fhir import listen  # noqa: F401 - it connects itself
        from integrations.fhir.interactions import again
        from integrations.fhir.operations import offered  # noqa: F401 - each offers itself
        from integrations.fhir.publish import publish

        again.connect()
        publish.connect()
