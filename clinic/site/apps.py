from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "clinic.site"
    label = "clinic_site"

    def ready(self) -> None:
        from clinic.site import heartbeat, wiring

        wiring.connect()
        heartbeat.connect()
