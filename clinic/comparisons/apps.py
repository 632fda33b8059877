from django.apps import AppConfig


class ComparisonsConfig(AppConfig):
    name = "clinic.comparisons"
    label = "comparisons"
    default_auto_field = "django.db.models.BigAutoField"
