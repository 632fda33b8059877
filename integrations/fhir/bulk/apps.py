from django.apps import AppConfig


class BulkConfig(AppConfig):
    name = "integrations.fhir.bulk"
    label = "bulk"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from integrations.fhir.bulk import operations  # noqa: F401 - they register themselves
