from django.apps import AppConfig


class ChartsConfig(AppConfig):
    """An app for its catalogue of words alone; it has no models and no pages."""

    name = "clinic.charts"
    label = "charts"
