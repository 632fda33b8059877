from django.apps import AppConfig


class TwinWordsConfig(AppConfig):
    """An app for its catalogue of words and its filter; it has no models and no pages."""

    name = "clinic.twin_words"
    label = "twin_words"
