from django.apps import AppConfig
from django.conf import settings


class CDSHooksConfig(AppConfig):
    name = "integrations.cds_hooks"
    label = "cds_hooks"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        if not settings.CDS_CLIENTS:
            return
        from integrations.cds_hooks.trust import clients

        clients()  # a mistake in CDS_CLIENTS stops the start, not the first call
