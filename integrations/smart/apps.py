from django.apps import AppConfig


class SmartConfig(AppConfig):
    name = "integrations.smart"
    label = "smart"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from integrations.smart import listen

        listen.connect()
