"""What the models' parameters and covariates are called on pages; the keys are made of the names in the models."""

from django.utils.translation import gettext, gettext_noop

_KNOWN = (
    gettext_noop("Absorption rate per"),
    gettext_noop("Age"),
    gettext_noop("Central volume"),
    gettext_noop("Clearance"),
    gettext_noop("Creatinine"),
    gettext_noop("Creatinine clearance"),
    gettext_noop("Creatinine clearance ml per min per 1 73m2"),
    gettext_noop("Fat free mass"),
    gettext_noop("Haematological malignancy"),
    gettext_noop("Haemodialysis"),
    gettext_noop("Heel prick"),
    gettext_noop("Height"),
    gettext_noop("Intercompartmental clearance"),
    gettext_noop("Lag"),
    gettext_noop("Peripheral volume"),
    gettext_noop("Postmenstrual age weeks"),
    gettext_noop("Second intercompartmental clearance"),
    gettext_noop("Second peripheral volume"),
    gettext_noop("Sex"),
    gettext_noop("Weight"),
)


def named(label: str) -> str:
    """The label in the reader's language; of a name that no catalogue knows, as it is."""
    return gettext(label) if label in _KNOWN else label
