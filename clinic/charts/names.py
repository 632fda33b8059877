"""What the models' parameters and covariates are called on pages; the keys are made of the names in the models."""

from django.utils.translation import gettext, gettext_noop

_KNOWN = (
    gettext_noop("Absorption rate"),
    gettext_noop("Age"),
    gettext_noop("Albumin"),
    gettext_noop("Bioavailability"),
    gettext_noop("Body surface area"),
    gettext_noop("Calcium channel blocker"),
    gettext_noop("Central volume"),
    gettext_noop("Clearance"),
    gettext_noop("Creatinine"),
    gettext_noop("Creatinine clearance"),
    gettext_noop("Fat free mass"),
    gettext_noop("Greatest inhibition"),
    gettext_noop("Haematocrit"),
    gettext_noop("Haematological malignancy"),
    gettext_noop("Haemodialysis"),
    gettext_noop("Heel prick"),
    gettext_noop("Height"),
    gettext_noop("Intercompartmental clearance"),
    gettext_noop("Lean body weight"),
    gettext_noop("Maximum elimination"),
    gettext_noop("Peripheral volume"),
    gettext_noop("Postmenstrual age weeks"),
    gettext_noop("Second intercompartmental clearance"),
    gettext_noop("Second peripheral volume"),
    gettext_noop("Sex"),
    gettext_noop("Spironolactone"),
    gettext_noop("Usual creatinine"),
    gettext_noop("Weight"),
)


_WRITTEN = {
    "Apgar below 5": gettext_noop("Apgar score below 5"),
    "Cyp2c19 reduced": gettext_noop("CYP2C19 reduced"),
    "Cyp3a4 22 carrier": gettext_noop("CYP3A4*22 carrier"),
    "Cyp3a5 expresser": gettext_noop("CYP3A5 expresser"),
    "First dose": gettext_noop("Time of the first dose"),
    "Half inhibition": gettext_noop("Time to half of the inhibition"),
    "Half saturation": gettext_noop("Concentration of half saturation"),
    "Lag": gettext_noop("Lag of absorption"),
}
"""Names that are written otherwise than in the models."""


def named(label: str) -> str:
    """The label in the reader's language; of a name that no catalogue knows, as it is."""
    label = _WRITTEN.get(label, label)
    return gettext(label) if label in _KNOWN or label in _WRITTEN.values() else label
