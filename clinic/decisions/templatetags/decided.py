"""What pages of others show of decisions: ``{% decision_panel comparison outdated as panel %}`` and the like."""

from typing import Any

from django import template

from clinic.decisions.afterwards import Afterwards
from clinic.decisions.expiry import Expiry
from clinic.decisions.history import History
from clinic.decisions.panel import Panel
from twins.records.models import Comparison, Subject
from twins.samples.course import Course

register = template.Library()


@register.simple_tag(takes_context=True)
def decision_panel(context: dict[str, Any], comparison: Comparison, outdated: str) -> Panel:
    """The decisions on a comparison and what the reader may do; see `Panel`."""
    return Panel.of(comparison, context["request"], outdated=bool(outdated))


@register.simple_tag
def decision_expiry(comparison: Comparison, panel: Panel) -> Expiry | None:
    """What became of the answer since newer data came; None where they did not."""
    return Expiry.of(comparison, panel.last.decision.chosen_plan if panel.last is not None else None)


@register.simple_tag
def decision_afterwards(panel: Panel, expiry: Expiry | None) -> Afterwards | None:
    """What was given since the last decision; None where nothing newer is known."""
    if panel.last is None or expiry is None:
        return None
    return Afterwards.of(panel.last.decision, expiry.course)


@register.simple_tag
def decision_history(subject: Subject, newest: Course | None) -> History:
    """The last decisions about a patient, with what became of the plan in force."""
    return History.of(subject, newest)
