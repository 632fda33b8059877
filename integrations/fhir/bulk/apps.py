from django.apps import AppConfig


class BulkConfig(AppConfig):
    name = "integrations.fhir.bulk"
    label = "bulk"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from clinic.access.deferred import named
        from integrations.fhir.offers import OPERATIONS

        OPERATIONS.offer("bulk", named("integrations.fhir.bulk.operations").OFFERED)
