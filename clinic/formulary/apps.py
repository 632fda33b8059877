import logging

from django.apps import AppConfig
from django.conf import settings

logger = logging.getLogger(__name__)


class FormularyConfig(AppConfig):
    name = "clinic.formulary"
    label = "formulary"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Add the hospital's own models; a file with a mistake is reported and keeps nothing else out."""
        if not settings.FORMULARY_DIR:
            return
        from twins.pharmacology import formulary

        for sentence in formulary.load(settings.FORMULARY_DIR).sentences:
            logger.error("FORMULARY_DIR: %s", sentence)
