from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "clinic.site"
    label = "clinic_site"
