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


def page(permission: Permission) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """A page for signed-in people whose roles grant `permission`."""
    return _declare(Rule(Door.PAGE, Permission(permission)))


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
