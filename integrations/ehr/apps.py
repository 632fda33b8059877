from django.apps import AppConfig


class EHRConfig(AppConfig):
    name = "integrations.ehr"
    label = "ehr"
    default_auto_field = "django.db.models.BigAutoField"
