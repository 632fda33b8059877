"""Template filters: what an audit event did, and why, in words a patient would understand."""

from django import template

register = template.Library()

PURPOSES = {
    "TREAT": "treatment",
    "HPAYMT": "payment",
    "HOPERAT": "running the hospital",
    "HRESCH": "research",
    "PATRQT": "the patient asked",
    "BTG": "emergency access",
    "ETREAT": "emergency treatment",
}
"""Codes of HL7's v3-ActReason, as https://terminology.hl7.org/ValueSet-v3-PurposeOfUse.html lists them."""

ACTIVITIES = {
    "page.worklist": "saw the worklist",
    "page.patient": "opened the patient's page",
    "page.patient-progress": "looked whether the calculation was done",
    "page.comparison": "opened a comparison of dosing plans",
    "page.comparison-note": "opened the note of a comparison",
    "page.comparison-new": "opened the form for a comparison",
    "page.comparison-preview": "had plans computed in the comparison form",
    "page.comparison-pdf": "opened a comparison as PDF",
    "page.comparison-wait": "waited for a comparison",
    "page.question": "opened the form to question a value",
    "page.audit": "searched the audit trail",
    "page.audit-event": "opened an audit event",
    "page.audit-history": "opened the access history",
    "audit.export": "exported events of the audit trail",
    "audit.prune": "removed events at the end of their retention",
    "comparison.ask": "asked for a comparison",
    "comparison.make": "calculated a comparison",
    "comparison.sign": "signed a dosing plan",
    "comparison.decline": "declined the dosing plans",
    "comparison.amend": "amended a decision on dosing plans",
    "comparison.second_sign": "added the second signature to a dosing plan",
    "comparison.second_refuse": "refused the second signature of a dosing plan",
    "page.decision-amend": "opened the form to amend a decision",
    "comparison.replay": "calculated a comparison again",
    "twin.update": "calculated the patient's twin",
    "glass.break": "opened the patient in an emergency",
    "glass.end": "ended an emergency access",
    "glass.review": "reviewed an emergency access",
    "page.break-glass": "opened the page of emergency accesses",
    "page.break-glass-patient": "asked for emergency access",
    "page.break-glass-end": "asked to end an emergency access",
    "page.break-glass-reviews": "opened the list of emergency accesses",
    "page.break-glass-review": "opened an emergency access to review it",
    "page.people": "opened the list of people",
    "page.person": "opened the page of a person",
    "person.make": "made a person",
    "person.change": "changed what a person may do",
    "person.invite": "made a link to set a password",
    "person.set-password": "set a password by a link",
    "care-team.make": "made a care team",
    "care-team.change": "changed a care team",
    "care-team.take-in": "took the patient into a care team",
    "care-team.let-go": "let the patient go from a care team",
    "house-limits.set": "set the hospital's own limits of a drug",
    "wristband.find": "looked for a patient by a record number",
    "restriction.record": "recorded whom the patient is closed to",
    "restriction.lift": "lifted a restriction of the patient",
    "chart.send": "sent a decision to the chart",
    "chart.deliver": "delivered a decision to the chart",
    "reading.open": "opened a reading as it was received",
    "fhir.read": "read through the FHIR door",
    "fhir.search": "searched through the FHIR door",
    "fhir.create": "created through the FHIR door",
    "fhir.update": "changed through the FHIR door",
    "fhir.delete": "deleted through the FHIR door",
    "fhir.history": "read versions through the FHIR door",
    "login": "signed in",
    "login.password": "gave the right password, and was asked for a second factor",
    "login.second-factor": "showed a second factor",
    "login.confirm": "said once more who they are",
    "logout": "signed out",
    "session.end": "was signed out at the end of a shift",
    "session.revoke": "ended a session",
    "password.change": "changed their password",
    "factor.add": "set up a second factor",
    "factor.remove": "removed a second factor",
    "factor.codes": "made new recovery codes",
    "person.bind": "bound a person to the single sign-on",
    "person.unbind": "unbound a person from the single sign-on",
    "person.email": "changed a person's e-mail address",
    "page.account": "opened their own account",
}


@register.filter
def did(activity: str) -> str:
    """``opened the patient's page``; an activity without words of its own stays as it is."""
    return ACTIVITIES.get(activity, activity)


@register.filter
def purpose(code: str) -> str:
    """``treatment``; a code without words of its own stays as it is."""
    return PURPOSES.get(code, code) or "not said"


@register.filter
def named(people: dict[str, str], key: str) -> str:
    """The sign-in name of an actor's key; empty where it has none."""
    return people.get(key, "")
