"""The rule of each view: who may come in. A view without one is refused to everybody."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from clinic.access.deferred import Deferred
from clinic.access.roles import Permission


class Door(Enum):
    """The three ways into a view."""

    PAGE = "a signed-in person with a permission"
    BEARER = "a bearer token, which the view itself checks"
    PUBLIC = "anybody"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a view declares. `reason` says why a view that is not a page may be reached without a session."""

    door: Door
    permission: Permission | None = None
    reason: str = ""


class RuleError(TypeError):
    """A rule that says too little, or a second rule on one view."""


ABOUT_PATIENTS = frozenset(
    {
        Permission.WORKLIST_VIEW,
        Permission.PATIENT_VIEW,
        Permission.COMPARISON_VIEW,
        Permission.COMPARISON_ASK,
        Permission.COMPARISON_SIGN,
        Permission.DATA_QUESTION,
        Permission.APP_AUTHORIZE,
        Permission.GLASS_BREAK,
    }
)
"""Pages under these permissions show patients, and must say whose data they show (`clinic.access.disclosure`)."""

_USES: dict[str, frozenset[Permission]] = {
    "TREAT": ABOUT_PATIENTS,
    "HRESCH": frozenset({Permission.STUDY_VIEW, Permission.STUDY_RUN}),
    "HOPERAT": frozenset(
        {
            Permission.QUARANTINE_VIEW,
            Permission.QUARANTINE_RETRY,
            Permission.FORMULARY_VIEW,
            Permission.FORMULARY_MANAGE,
            Permission.HOUSE_LIMITS_SET,
            Permission.CDS_FEEDBACK_VIEW,
            Permission.AUDIT_VIEW,
            Permission.GLASS_REVIEW,
            Permission.CLIENT_MANAGE,
            Permission.SUBSCRIPTION_VIEW,
            Permission.SUBSCRIPTION_RETRY,
            Permission.RESTRICTION_MANAGE,
            Permission.PERSON_MANAGE,
            Permission.CARE_TEAM_MANAGE,
            Permission.SOURCE_VIEW,
            Permission.SOURCE_MANAGE,
        }
    ),
    "": frozenset({Permission.HELP_VIEW, Permission.ACCOUNT_OWN}),  # as a login: nobody's data are used
}

PURPOSES = {permission: purpose for purpose, permissions in _USES.items() for permission in permissions}
"""What pages under a permission are used for: a code of v3-ActReason, which their audit events carry.

Emergency access says BTG instead (`clinic.access.permissions.patient_for`).
"""


def page(permission: Permission) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A page for signed-in people whose roles grant `permission`.

    Raises
    ------
    RuleError
        Nothing says what pages under this permission are used for.
    """
    asked = Permission(permission)
    if asked not in PURPOSES:
        raise RuleError(f"pages under {asked} have no purpose of use; give them one in PURPOSES")
    return _declare(Rule(Door.PAGE, asked))


def bearer(reason: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """An endpoint for other systems, which answers 401 by itself to a request without a valid bearer token."""
    return _declare(Rule(Door.BEARER, reason=_said(reason)))


def public(reason: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A view for anybody; `reason` says why nothing in it needs protection."""
    return _declare(Rule(Door.PUBLIC, reason=_said(reason)))


def rule_of(view: Callable[..., Any]) -> Rule | None:
    """The rule `view` declares, or None."""
    return getattr(view, "access_rule", None)


def _declare(rule: Rule) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def declare(view: Callable[..., Any]) -> Callable[..., Any]:
        if isinstance(view, Deferred):
            return view.then(declare)
        if rule_of(view) is not None:
            raise RuleError(f"{view} already has the rule {rule_of(view)}; keep one")
        view.access_rule = rule  # type: ignore[attr-defined]
        return view

    return declare


def _said(reason: str) -> str:
    if not reason.strip():
        raise RuleError("the reason is empty; say why this view needs no session")
    return reason
