from django.apps import AppConfig


class ResearchConfig(AppConfig):
    name = "clinic.research"
    label = "research"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from clinic.research import drawing

        drawing.connect()
