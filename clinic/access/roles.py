"""The six roles, and what each may do. A role is a Django group of the same name."""

from enum import StrEnum

from django.utils.translation import pgettext_lazy


class Permission(StrEnum):
    """What a page, command or endpoint asks for."""

    WORKLIST_VIEW = "worklist.view"
    PATIENT_VIEW = "patient.view"
    COMPARISON_VIEW = "comparison.view"
    COMPARISON_ASK = "comparison.ask"
    COMPARISON_SIGN = "comparison.sign"
    DATA_QUESTION = "data.question"
    QUARANTINE_VIEW = "quarantine.view"
    QUARANTINE_RETRY = "quarantine.retry"
    STUDY_VIEW = "study.view"
    STUDY_RUN = "study.run"
    FORMULARY_VIEW = "formulary.view"
    CDS_FEEDBACK_VIEW = "cds_feedback.view"
    AUDIT_VIEW = "audit.view"
    FHIR_READ = "fhir.read"
    APP_AUTHORIZE = "app.authorize"
    CLIENT_MANAGE = "client.manage"
    SUBSCRIPTION_VIEW = "subscription.view"
    SUBSCRIPTION_RETRY = "subscription.retry"
    HELP_VIEW = "help.view"
    ACCOUNT_OWN = "account.own"
    GLASS_BREAK = "glass.break"
    GLASS_REVIEW = "glass.review"
    RESTRICTION_MANAGE = "restriction.manage"
    PERSON_MANAGE = "person.manage"
    CARE_TEAM_MANAGE = "care_team.manage"
    SOURCE_VIEW = "source.view"
    SOURCE_MANAGE = "source.manage"
    HOUSE_LIMITS_SET = "house_limits.set"
    FORMULARY_MANAGE = "formulary.manage"


class Role(StrEnum):
    CLINICIAN = "clinician"
    PHARMACIST = "pharmacist"
    RESEARCHER = "researcher"
    INTEGRATION = "integration"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


_IN_WORDS = {
    Role.CLINICIAN: pgettext_lazy("role", "clinician"),
    Role.PHARMACIST: pgettext_lazy("role", "pharmacist"),
    Role.RESEARCHER: pgettext_lazy("role", "researcher"),
    Role.INTEGRATION: pgettext_lazy("role", "integration"),
    Role.AUDITOR: pgettext_lazy("role", "auditor"),
    Role.ADMINISTRATOR: pgettext_lazy("role", "administrator"),
}


def in_words(role: str) -> str:
    """What a page calls a role; what is no role stays as it is. Everything stored keeps the role's own name."""
    return str(_IN_WORDS[Role(role)]) if role in _IN_WORDS else role


_BEDSIDE = frozenset(
    {
        Permission.WORKLIST_VIEW,
        Permission.PATIENT_VIEW,
        Permission.COMPARISON_VIEW,
        Permission.COMPARISON_ASK,
        Permission.COMPARISON_SIGN,
        Permission.DATA_QUESTION,
        Permission.FORMULARY_VIEW,
        Permission.APP_AUTHORIZE,
        Permission.CDS_FEEDBACK_VIEW,
        Permission.GLASS_BREAK,
    }
)

_EVERYBODY = frozenset({Permission.HELP_VIEW, Permission.ACCOUNT_OWN})

_OWN: dict[Role, frozenset[Permission]] = {
    Role.CLINICIAN: _BEDSIDE,
    Role.PHARMACIST: _BEDSIDE
    | {
        Permission.QUARANTINE_VIEW,
        Permission.QUARANTINE_RETRY,
        Permission.SUBSCRIPTION_VIEW,
        Permission.SUBSCRIPTION_RETRY,
    },
    Role.RESEARCHER: frozenset({Permission.STUDY_VIEW, Permission.STUDY_RUN, Permission.FORMULARY_VIEW}),
    Role.INTEGRATION: frozenset({Permission.FHIR_READ}),
    Role.AUDITOR: frozenset({Permission.AUDIT_VIEW, Permission.GLASS_REVIEW}),
    Role.ADMINISTRATOR: frozenset(
        {
            Permission.QUARANTINE_VIEW,
            Permission.QUARANTINE_RETRY,
            Permission.FORMULARY_VIEW,
            Permission.CLIENT_MANAGE,
            Permission.SUBSCRIPTION_VIEW,
            Permission.SUBSCRIPTION_RETRY,
            Permission.RESTRICTION_MANAGE,
            Permission.PERSON_MANAGE,
            Permission.CARE_TEAM_MANAGE,
            Permission.SOURCE_VIEW,
            Permission.SOURCE_MANAGE,
            Permission.HOUSE_LIMITS_SET,
            Permission.FORMULARY_MANAGE,
        }
    ),
}

GRANTS = {role: own | _EVERYBODY for role, own in _OWN.items()}
