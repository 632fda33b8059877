"""SMART scopes as the people read them who allow or register an app."""

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext, pgettext_lazy

_NAMED = {
    "launch": gettext_noop("Know which patient is open in the hospital system that started it"),
    "launch/patient": gettext_noop("Ask you which patient it is for"),
    "openid": gettext_noop("Know that it is you who logged in"),
    "fhirUser": gettext_noop("Know which Practitioner you are"),
    "profile": gettext_noop("Know your name"),
    "offline_access": gettext_noop("Go on when you are signed out, until you or the hospital withdraw it"),
    "online_access": gettext_noop("Go on for as long as you are logged in"),
}
_TYPES = {
    "*": gettext_noop("every kind of record"),
    "AllergyIntolerance": gettext_noop("allergies"),
    "AuditEvent": gettext_noop("the audit trail"),
    "CarePlan": gettext_noop("proposed plans"),
    "Condition": gettext_noop("diagnoses"),
    "Device": gettext_noop("devices"),
    "Encounter": gettext_noop("stays"),
    "MedicationAdministration": gettext_noop("doses given"),
    "MedicationRequest": gettext_noop("prescriptions"),
    "MedicationStatement": gettext_noop("medicines taken"),
    "Observation": gettext_noop("measurements and results"),
    "Patient": gettext_noop("name, birth date and sex"),
    "Practitioner": gettext_noop("names of staff"),
    "Provenance": gettext_noop("where records come from"),
    "RiskAssessment": gettext_noop("forecasts"),
}
_INTERACTIONS = {
    "c": pgettext_lazy("what an app may do with records", "add"),
    "r": pgettext_lazy("what an app may do with records", "read"),
    "u": pgettext_lazy("what an app may do with records", "change"),
    "d": pgettext_lazy("what an app may do with records", "delete"),
    "s": pgettext_lazy("what an app may do with records", "search"),
}


def named(name: str) -> str:
    """What a scope of one word lets an app do."""
    return _(_NAMED[name]) if name in _NAMED else name


def clinical(context: str, resource_type: str, interactions: str, query: Iterable[tuple[str, str]]) -> str:
    """One plain sentence without its full stop: ``Read and search allergies (AllergyIntolerance) of …``."""
    what = _(_TYPES[resource_type]) if resource_type in _TYPES else resource_type
    if resource_type in _TYPES and resource_type != "*":
        what = f"{what} ({resource_type})"
    verbs = [str(_INTERACTIONS[one]) for one in "rscud" if one in interactions]
    sentence = _of(context) % {"do": _listed(verbs), "what": what}
    sentence = sentence[0].upper() + sentence[1:]
    conditions = [_("%(name)s is %(value)s") % {"name": n, "value": v.rpartition("|")[2]} for n, v in query]
    if not conditions:
        return sentence
    return _("%(sentence)s, only where %(conditions)s") % {
        "sentence": sentence,
        "conditions": pgettext("between conditions", " and ").join(conditions),
    }


def _of(context: str) -> str:
    """The sentence with gaps for what is done and with which records."""
    if context == "patient":
        return _("%(do)s %(what)s of the chosen patient")
    if context == "user":
        return _("%(do)s %(what)s of the patients of your care teams")
    return _("%(do)s %(what)s of every patient")


def _listed(verbs: list[str]) -> str:
    if len(verbs) == 1:
        return verbs[0]
    return pgettext("the last of a list", "%(first)s and %(last)s") % {
        "first": ", ".join(verbs[:-1]),
        "last": verbs[-1],
    }
