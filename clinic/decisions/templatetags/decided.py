"""What pages of others show of decisions: ``{% decision_panel comparison outdated as panel %}`` and the like."""

from typing import Any

from django import template

from clinic.access.deferred import named
from twins.records.models import Comparison, Subject
from twins.samples.course import Course

# A template is looked for among the tags of every app, also where a page has none of these.
afterwards = named("clinic.decisions.afterwards")
expiries = named("clinic.decisions.expiry")
histories = named("clinic.decisions.history")
panels = named("clinic.decisions.panel")

register = template.Library()


@register.simple_tag(takes_context=True)
def decision_panel(context: dict[str, Any], comparison: Comparison, outdated: str) -> Any:
    """The decisions on a comparison and what the reader may do; see `Panel`."""
    return panels.Panel.of(comparison, context["request"], outdated=bool(outdated))


@register.simple_tag
def decision_expiry(comparison: Comparison, panel: Any) -> Any:
    """What became of the answer since newer data came; None where they did not."""
    return expiries.Expiry.of(comparison, panel.last.decision.chosen_plan if panel.last is not None else None)


@register.simple_tag
def decision_afterwards(panel: Any, expiry: Any) -> Any:
    """What was given since the last decision; None where nothing newer is known."""
    if panel.last is None or expiry is None:
        return None
    return afterwards.Afterwards.of(panel.last.decision, expiry.course)


@register.simple_tag
def decision_history(subject: Subject, newest: Course | None) -> Any:
    """The last decisions about a patient, with what became of the plan in force."""
    return histories.History.of(subject, newest)
