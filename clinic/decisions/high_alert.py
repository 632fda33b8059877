"""Drugs of which one signature is not enough: high-alert ones of the formulary, and further ones of the site's own.

The formulary marks those of the ISMP List of High-Alert Medications in Acute Care Settings.
"""

from django.conf import settings
from django.core.checks import CheckMessage, Warning

from twins.pharmacology import formulary


def is_high_alert(drug: str) -> bool:
    """Whether a plan of `drug` is in force only when a second person signed it too."""
    name = drug.lower()
    if name in settings.HIGH_ALERT_DRUGS:
        return True
    return name in formulary.drugs() and formulary.drug(name).high_alert


def unknown_drugs() -> list[CheckMessage]:
    """A Django check: a name that the formulary does not know would be thought to be guarded and is not."""
    return [
        Warning(
            f"HIGH_ALERT_DRUGS names {name!r}, which is no drug of the formulary.",
            hint=f"Write the name as the formulary does: {', '.join(sorted(formulary.drugs()))}.",
            id="decisions.W001",
        )
        for name in settings.HIGH_ALERT_DRUGS
        if name not in formulary.drugs()
    ]
