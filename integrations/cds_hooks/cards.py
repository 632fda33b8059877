"""A card of CDS Hooks: what a person sees, and what they can press."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from django.utils.translation import gettext_noop

from integrations.cds_hooks.models import Indicator

LONGEST_SUMMARY = 139
"""CDS Hooks 2.0: a summary has fewer than 140 characters."""
REASONS_SYSTEM = "urn:patient-twin:override-reason"
OVERRIDE_REASONS = (
    ("outdated-data", gettext_noop("The data behind the twin are outdated or wrong")),
    ("other-target", gettext_noop("Another exposure is aimed at in this patient")),
    ("level-first", gettext_noop("A level will be measured first")),
    ("not-practicable", gettext_noop("The suggested regimen is not practicable here")),
    ("clinical-judgement", gettext_noop("Clinical judgement; the forecast was taken into account")),
)
"""Code and words of each reason that a person may choose; what is chosen comes back as feedback."""
TOPIC_SYSTEM = "urn:patient-twin:cds-topic"
EXTENSION = "org.patient-twin.basis"
"""Name of the extension that says which twin and model a card was computed from."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One press of a button: the draft order, changed."""

    label: str
    description: str
    resource: dict[str, Any]
    is_recommended: bool = False
    uuid: UUID = field(default_factory=uuid4)

    def to_json(self) -> dict[str, Any]:
        return {
            "label": self.label,
            "uuid": str(self.uuid),
            "isRecommended": self.is_recommended,
            "actions": [{"type": "update", "description": self.description, "resource": self.resource}],
        }


@dataclass(frozen=True, slots=True)
class Card:
    """A card; `summary` is cut to what CDS Hooks allows, `detail` is GitHub-flavoured Markdown.

    Parameters
    ----------
    kind, drug
        What it is about, for the record.
    links
        Label and absolute address.
    basis
        What it was computed from, for the `extension`: keys and versions.
    """

    kind: str
    drug: str
    summary: str
    detail: str
    indicator: Indicator
    source_label: str
    source_url: str
    links: tuple[tuple[str, str], ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    basis: dict[str, str] = field(default_factory=dict)
    uuid: UUID = field(default_factory=uuid4)

    def to_json(self) -> dict[str, Any]:
        source: dict[str, Any] = {
            "label": self.source_label,
            "url": self.source_url,
            "topic": {"system": TOPIC_SYSTEM, "code": self.kind, "display": self.kind.replace("-", " ").capitalize()},
        }
        card: dict[str, Any] = {
            "uuid": str(self.uuid),
            "summary": shortened(self.summary),
            "detail": self.detail,
            "indicator": self.indicator.value,
            "source": source,
            "overrideReasons": [
                {"system": REASONS_SYSTEM, "code": code, "display": display} for code, display in OVERRIDE_REASONS
            ],
            "links": [{"label": label, "url": url, "type": "absolute"} for label, url in self.links],
        }
        if self.suggestions:
            card["suggestions"] = [suggestion.to_json() for suggestion in self.suggestions]
            card["selectionBehavior"] = "at-most-one"
        if self.basis:
            card["extension"] = {EXTENSION: self.basis}
        return card


def shortened(text: str, longest: int = LONGEST_SUMMARY) -> str:
    """The text, cut at a word's end where it is too long."""
    if len(text) <= longest:
        return text
    return text[: longest - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"
