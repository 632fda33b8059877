"""Times, ages and plans as a card says them."""

from datetime import datetime, timedelta

from django.utils import timezone

from integrations.cds_hooks.basis import Basis
from integrations.cds_hooks.rules import STALE_AFTER
from twins.estimation.fit import FitOutcome
from twins.forecasts.exposure import Window
from twins.forecasts.forecast import Attained
from twins.forecasts.wording import sentence
from twins.pharmacology.regimen import Plan
from twins.quantities.clock import moment_at

NAMED = ("Current", "Draft order")
"""Labels that say more than the regimen itself."""


def clock(moment: datetime) -> str:
    """``22 Nov 2026 14:05 UTC`` on the ward's clock."""
    local = timezone.localtime(moment)
    return f"{local.day} {local:%b %Y %H:%M %Z}"


def span(length: timedelta) -> str:
    minutes = max(0.0, length.total_seconds() / 60)
    if minutes < 90:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.0f} h" if minutes < 48 * 60 else f"{minutes / 1440:.0f} days"


def age_of_data(basis: Basis, now: datetime) -> str:
    """How recent the data are, with a warning where they are not."""
    until = basis.data_until
    stale = " **The data are stale.**" if now - until >= STALE_AFTER else ""
    return f"Data until {clock(until)}, {span(now - until)} ago.{stale}"


def foundation(basis: Basis) -> str:
    """What the numbers stand on: levels, draws, model, twin version."""
    used = len(basis.fit.residuals)
    stands = (
        f"fitted to {used} level{'' if used == 1 else 's'} of this patient"
        if basis.fit.outcome is FitOutcome.FITTED
        else "no level yet: the population of the model, for this patient's covariates"
    )
    version = basis.version
    which = f"Twin version {version.number} (`{version.pk}`)" if version else "A twin made for this answer alone"
    model = f"model {basis.model.title} (`{basis.model.id}`, version {basis.model.version})"
    return f"{which}, {model}: {stands}; probabilities from {len(basis.fit.draws)} posterior draws."


def made_for(basis: Basis) -> str:
    """What the model was made for and where to be careful, as its card in the formulary says."""
    said = [f"The model is made for: {escaped(' '.join(basis.model.intended))}"] if basis.model.intended else []
    if basis.model.cautioned:
        said.append(f"Careful with: {escaped(' '.join(basis.model.cautioned))}")
    return " ".join(said)


def outlook(found: Attained, plan: Plan) -> str:
    """The plain sentence of a plan, as the comparison page has it."""
    return sentence(Window.of(plan, found.target), found, (), found.target)


def titled(plan: Plan, basis: Basis) -> str:
    """``Current: 1000 mg over 1 h every 12 h, first dose 22 Nov 2026 14:05 UTC``; a proposal has no other name."""
    if plan.regimen is None:
        return "Current: no further doses" if plan.label == "Current" else "No further doses"
    first = clock(moment_at(basis.course.start, plan.regimen.start_h))
    said = f"{plan.sentence()}, first dose {first}"
    return f"{plan.label}: {said}" if plan.label in NAMED else f"{said[:1].upper()}{said[1:]}"


def escaped(text: str) -> str:
    """Text of others in Markdown: it makes no links, no emphasis and no HTML."""
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]()<>#!|~" else letter for letter in " ".join(text.split()))
