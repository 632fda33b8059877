"""How a decision fares on its way into the chart, for pages: ``{% chart_status decision as chart %}``."""

from dataclasses import dataclass

from django import template

from clinic.decisions.models import Decision
from integrations.ehr.write_back import ChartStatus, can_be_sent, status_of

register = template.Library()


@dataclass(frozen=True, slots=True)
class Chart:
    """`offered`: whether a button to `decision-to-chart` makes sense; `sent`: each resource and its state in words."""

    offered: bool
    sent: tuple[ChartStatus, ...]


@register.simple_tag
def chart_status(comparison_id: object) -> Chart:
    """Of the decision on a comparison; empty where none was made."""
    decision = Decision.objects.filter(comparison_id=comparison_id).first()
    return Chart(can_be_sent(decision), status_of(decision)) if decision is not None else Chart(False, ())
