from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in


class AccessConfig(AppConfig):
    name = "clinic.access"
    label = "access"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from clinic.access.idle import begin

        user_logged_in.connect(begin, dispatch_uid="clinic.access.idle.begin")
