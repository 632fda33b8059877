"""How a decision fares on its way into the chart, for pages: ``{% chart_status decision as chart %}``."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django import template

from clinic.access.deferred import named
from clinic.decisions.models import Decision
from integrations.ehr.models import WorkState

if TYPE_CHECKING:
    from integrations.ehr.write_back import ChartStatus

# A template is looked for among the tags of every app, also where a page has none of these.
write_back = named("integrations.ehr.write_back")

register = template.Library()


@dataclass(frozen=True, slots=True)
class Chart:
    """How the decision fares on its way into the chart.

    `offered`: whether a button to `decision-to-chart` makes sense; `sent`: each resource and its state in words;
    `superseded`: an earlier decision, which this one replaced, was sent and this one was not.
    """

    offered: bool = False
    sent: "tuple[ChartStatus, ...]" = ()
    superseded: bool = False


@register.simple_tag
def chart_status(comparison_id: object) -> Chart:
    """Of the last decision on a comparison; empty where none was made."""
    decision = Decision.objects.filter(comparison_id=comparison_id).order_by("-number").first()
    if decision is None:
        return Chart()
    sent = write_back.status_of(decision)
    earlier = decision.replaces if decision.final_at is not None and not sent else None
    return Chart(write_back.can_be_sent(decision), sent, earlier is not None and _arrived(earlier))


def _arrived(decision: Decision) -> bool:
    return any(part.state == WorkState.DONE for part in write_back.status_of(decision))
