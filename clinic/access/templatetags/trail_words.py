"""Template filters: what an audit event did, and why, in words a patient would understand."""

from collections.abc import Iterable

from django import template
from django.utils.translation import gettext, gettext_noop

from clinic.access.roles import in_words

register = template.Library()

PURPOSES = {
    "TREAT": gettext_noop("treatment"),
    "HPAYMT": gettext_noop("payment"),
    "HOPERAT": gettext_noop("running the hospital"),
    "HRESCH": gettext_noop("research"),
    "PATRQT": gettext_noop("the patient asked"),
    "BTG": gettext_noop("emergency access"),
    "ETREAT": gettext_noop("emergency treatment"),
}
"""Codes of HL7's v3-ActReason, as https://terminology.hl7.org/ValueSet-v3-PurposeOfUse.html lists them."""

ACTIVITIES = {
    "page.worklist": gettext_noop("saw the worklist"),
    "page.patient": gettext_noop("opened the patient's page"),
    "page.patient-progress": gettext_noop("looked whether the calculation was done"),
    "page.comparison": gettext_noop("opened a comparison of dosing plans"),
    "page.comparison-note": gettext_noop("opened the note of a comparison"),
    "page.comparison-new": gettext_noop("opened the form for a comparison"),
    "page.comparison-preview": gettext_noop("had plans computed in the comparison form"),
    "page.comparison-pdf": gettext_noop("opened a comparison as PDF"),
    "page.comparison-wait": gettext_noop("waited for a comparison"),
    "page.question": gettext_noop("opened the form to question a value"),
    "page.audit": gettext_noop("searched the audit trail"),
    "page.audit-event": gettext_noop("opened an audit event"),
    "page.audit-find": gettext_noop("looked for a patient's access history by a record number"),
    "page.audit-history": gettext_noop("opened the access history"),
    "audit.export": gettext_noop("exported events of the audit trail"),
    "audit.prune": gettext_noop("removed events at the end of their retention"),
    "comparison.ask": gettext_noop("asked for a comparison"),
    "comparison.make": gettext_noop("calculated a comparison"),
    "comparison.sign": gettext_noop("signed a dosing plan"),
    "comparison.decline": gettext_noop("declined the dosing plans"),
    "comparison.amend": gettext_noop("amended a decision on dosing plans"),
    "comparison.second_sign": gettext_noop("added the second signature to a dosing plan"),
    "comparison.second_refuse": gettext_noop("refused the second signature of a dosing plan"),
    "page.decision-amend": gettext_noop("opened the form to amend a decision"),
    "comparison.replay": gettext_noop("calculated a comparison again"),
    "twin.update": gettext_noop("calculated the patient's twin"),
    "glass.break": gettext_noop("opened the patient in an emergency"),
    "glass.tell": gettext_noop("told the reviewers of an emergency access"),
    "glass.end": gettext_noop("ended an emergency access"),
    "glass.review": gettext_noop("reviewed an emergency access"),
    "page.break-glass": gettext_noop("opened the page of emergency accesses"),
    "page.break-glass-patient": gettext_noop("asked for emergency access"),
    "page.break-glass-end": gettext_noop("asked to end an emergency access"),
    "page.break-glass-reviews": gettext_noop("opened the list of emergency accesses"),
    "page.break-glass-review": gettext_noop("opened an emergency access to review it"),
    "page.people": gettext_noop("opened the list of people"),
    "page.person": gettext_noop("opened the page of a person"),
    "person.make": gettext_noop("made a person"),
    "person.change": gettext_noop("changed what a person may do"),
    "person.invite": gettext_noop("made a link to set a password"),
    "person.set-password": gettext_noop("set a password by a link"),
    "care-team.make": gettext_noop("made a care team"),
    "care-team.change": gettext_noop("changed a care team"),
    "care-team.take-in": gettext_noop("took the patient into a care team"),
    "care-team.let-go": gettext_noop("let the patient go from a care team"),
    "house-limits.set": gettext_noop("set the hospital's own limits of a drug"),
    "formulary.follow": gettext_noop("had a drug followed"),
    "formulary.models": gettext_noop("changed by which models a drug is followed"),
    "formulary.stop": gettext_noop("had a drug followed no longer"),
    "job.models-change": gettext_noop("asked for twins by the other models"),
    "wristband.find": gettext_noop("looked for a patient by a record number"),
    "restriction.record": gettext_noop("recorded whom the patient is closed to"),
    "restriction.lift": gettext_noop("lifted a restriction of the patient"),
    "chart.send": gettext_noop("sent a decision to the chart"),
    "chart.deliver": gettext_noop("delivered a decision to the chart"),
    "reading.open": gettext_noop("opened a reading as it was received"),
    "fhir.read": gettext_noop("read through the FHIR door"),
    "fhir.search": gettext_noop("searched through the FHIR door"),
    "fhir.create": gettext_noop("created through the FHIR door"),
    "fhir.update": gettext_noop("changed through the FHIR door"),
    "fhir.delete": gettext_noop("deleted through the FHIR door"),
    "fhir.history": gettext_noop("read versions through the FHIR door"),
    "login": gettext_noop("logged in"),
    "login.password": gettext_noop("gave the right password, and was asked for a second factor"),
    "login.second-factor": gettext_noop("showed a second factor"),
    "login.confirm": gettext_noop("said once more who they are"),
    "logout": gettext_noop("signed out"),
    "session.end": gettext_noop("was signed out at the end of a shift"),
    "session.revoke": gettext_noop("ended a session"),
    "oauth.withdraw": gettext_noop("took back what an app was allowed"),
    "password.change": gettext_noop("changed their password"),
    "account.language": gettext_noop("chose the language of their account"),
    "factor.add": gettext_noop("set up a second factor"),
    "factor.remove": gettext_noop("removed a second factor"),
    "factor.codes": gettext_noop("made new recovery codes"),
    "person.bind": gettext_noop("bound a person to the single sign-on"),
    "person.unbind": gettext_noop("unbound a person from the single sign-on"),
    "person.email": gettext_noop("changed a person's e-mail address"),
    "page.account": gettext_noop("opened their own account"),
}


@register.filter
def did(activity: str) -> str:
    """``opened the patient's page``; an activity without words of its own stays as it is."""
    return gettext(ACTIVITIES[activity]) if activity in ACTIVITIES else activity


@register.filter
def purpose(code: str) -> str:
    """``treatment``; a code without words of its own stays as it is."""
    if code in PURPOSES:
        return gettext(PURPOSES[code])
    return code or gettext("not said")


@register.filter
def named(people: dict[str, str], key: str) -> str:
    """The sign-in name of an actor's key; empty where it has none."""
    return people.get(key, "")


@register.filter
def in_role(role: str) -> str:
    """What a page calls a role; a group that is none stays as it is."""
    return in_words(role)


@register.filter
def in_roles(roles: Iterable[str]) -> str:
    """Roles with commas between; empty for none."""
    return ", ".join(in_words(role) for role in roles)
