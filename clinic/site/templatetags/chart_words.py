"""How a decision fares on its way into the chart, for pages: ``{% chart_status decision as chart %}``."""

from dataclasses import dataclass

from django import template

from clinic.decisions.models import Decision
from integrations.ehr.models import WorkState
from integrations.ehr.write_back import ChartStatus, can_be_sent, status_of

register = template.Library()


@dataclass(frozen=True, slots=True)
class Chart:
    """How the decision fares on its way into the chart.

    `offered`: whether a button to `decision-to-chart` makes sense; `sent`: each resource and its state in words;
    `superseded`: an earlier decision, which this one replaced, was sent and this one was not.
    """

    offered: bool = False
    sent: tuple[ChartStatus, ...] = ()
    superseded: bool = False


@register.simple_tag
def chart_status(comparison_id: object) -> Chart:
    """Of the last decision on a comparison; empty where none was made."""
    decision = Decision.objects.filter(comparison_id=comparison_id).order_by("-number").first()
    if decision is None:
        return Chart()
    sent = status_of(decision)
    earlier = decision.replaces if decision.final_at is not None and not sent else None
    return Chart(can_be_sent(decision), sent, earlier is not None and _arrived(earlier))


def _arrived(decision: Decision) -> bool:
    return any(part.state == WorkState.DONE for part in status_of(decision))
