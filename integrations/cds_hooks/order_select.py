"""order-select and order-sign: a draft order tried on the patient's twin beside the current plan and better ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from django.urls import reverse

from integrations.cds_hooks import words
from integrations.cds_hooks.basis import Basis
from integrations.cds_hooks.cards import Card, Suggestion
from integrations.cds_hooks.draft import LABEL, Draft, DraftError, plan_of
from integrations.cds_hooks.models import Indicator
from integrations.cds_hooks.rules import BETTER_BY, MOST_SUGGESTIONS, indicator_of, score
from integrations.cds_hooks.suggestion import rewritten
from twins.estimation.meant import wrong_way
from twins.forecasts.exposures import PlanAttained, attainment
from twins.forecasts.optimise import propose
from twins.forecasts.wording import label, percent
from twins.pharmacology.regimen import Plan
from twins.quantities.clock import moment_at
from twins.records.models import Comparison

KIND = "draft-order"
_MOST_PROPOSALS = 3


@dataclass(frozen=True, slots=True)
class Trial:
    """A draft on one twin: the plans that were tried, the current one first, then the draft, and what they give."""

    draft: Draft
    basis: Basis
    tried: tuple[PlanAttained, ...]

    @property
    def plans(self) -> tuple[Plan, ...]:
        return tuple(item.plan for item in self.tried)

    @property
    def of_draft(self) -> PlanAttained:
        return next(item for item in self.tried if item.plan.label == LABEL)

    @property
    def better(self) -> list[PlanAttained]:
        """The other regimens whose score is above the draft's by enough to say so, the best first."""
        if self.basis.doubts:
            return []
        least = score(self.of_draft.attained) + BETTER_BY
        others = [
            item
            for item in self.tried
            if item is not self.of_draft and item.plan.regimen is not None and score(item.attained) >= least
        ]
        return sorted(others, key=lambda item: -score(item.attained))


def tried(draft: Draft, basis: Basis) -> Trial:
    """Forecast the draft and its alternatives from the twin's stored draws.

    The alternatives begin with the draft's first dose where they would begin earlier, so that they differ from it by
    their regimen alone and can still be given.

    Raises
    ------
    DraftError
        If the draft cannot be tried, or nothing can be forecast.
    """
    if basis.cannot:
        raise DraftError(basis.cannot)
    if draft.why_not:
        raise DraftError(draft.why_not)
    plan = plan_of(draft, basis.course)
    if plan.regimen is not None and (why := wrong_way(basis.model, plan.regimen.route)):
        raise DraftError(why)
    plans = [basis.current, plan]
    for proposal in _proposals(basis):
        regimen = proposal.regimen
        if regimen is None or plan.regimen is None or regimen.route is not plan.regimen.route:
            continue
        later = replace(regimen, start_h=max(regimen.start_h, plan.regimen.start_h))
        if all(later != other.regimen for other in plans):
            plans.append(Plan(proposal.label, later))
    found = attainment(basis.model, basis.course, basis.fit, plans, targets=[basis.drug.target])
    return Trial(draft, basis, tuple(found))


def _proposals(basis: Basis) -> Sequence[Plan]:
    """What the regimen search found when the twin was made; searched now for a twin that was made for this answer."""
    if basis.version is not None:
        stored = Comparison.objects.filter(twin_version=basis.version, is_default=True).only("plans").first()
        return [Plan.from_json(plan) for plan in stored.plans[1:]] if stored else []
    return propose(
        basis.model,
        basis.course,
        basis.fit,
        current=None,
        target=basis.drug.target,
        practice=basis.drug.practice,
        count=_MOST_PROPOSALS,
    )


def trial_card(
    trial: Trial, lines: Sequence[str], links: tuple[tuple[str, str], ...], absolute: Callable[[str], str]
) -> Card:
    """The card of a draft that was tried; `lines` go at the end of its detail."""
    basis = trial.basis
    best = trial.better[0] if trial.better else None
    rows = [
        f"- **{words.titled(item.plan, basis)}.** {words.outlook(item.attained, item.plan)}" for item in trial.tried
    ]
    aim = basis.drug.target
    detail = ["\n".join(rows), f"Target: {aim.name} ({words.escaped(aim.source)})."]
    doubts = basis.doubts
    if doubts:
        detail.append(f"**No other regimen is suggested.** {words.escaped(' '.join(doubts))}")
        detail += _by_phase(trial)
    detail += [*lines, words.made_for(basis), words.foundation(basis)]
    detail += [words.escaped(said) for said in (*basis.fit.warnings, *basis.remarks) if said not in doubts]
    return Card(
        kind=KIND,
        drug=basis.drug.name,
        summary=_summary(trial, best),
        detail="\n\n".join(detail),
        indicator=_indicator(trial, best),
        source_label=f"Patient Twin, {basis.model.title}",
        source_url=absolute(reverse("formulary-model", args=[basis.model.id])),
        links=links,
        suggestions=tuple(
            _suggestion(trial, item, recommended=number == 0)
            for number, item in enumerate(trial.better[:MOST_SUGGESTIONS])
        ),
        basis=basis.named(),
    )


def _indicator(trial: Trial, best: PlanAttained | None) -> Indicator:
    """As the draft stands to its target; at least a warning where the model was not made for such a patient."""
    found = indicator_of(trial.of_draft.attained, best.attained if best else None)
    return Indicator.WARNING if found is Indicator.INFO and trial.basis.doubts else found


def _by_phase(trial: Trial) -> list[str]:
    """The draft beside each target that may hold, where which one does is not on the chart."""
    basis, plan = trial.basis, trial.of_draft.plan
    if not basis.phases:
        return []
    found = attainment(basis.model, basis.course, basis.fit, [plan], targets=basis.phases)
    rows = [f"- {item.attained.target.name}: {words.outlook(item.attained, plan)}" for item in found]
    return [f"The draft beside each of them:\n{chr(10).join(rows)}"]


def silent_card(
    draft: Draft, basis: Basis | None, why: str, links: tuple[tuple[str, str], ...], absolute: Callable[[str], str]
) -> Card:
    """The card of a draft that could not be tried, with the reason: silence would pass for consent."""
    title = draft.drug.capitalize() if basis is None else basis.drug.title
    address = reverse("formulary") if basis is None else reverse("formulary-model", args=[basis.model.id])
    return Card(
        kind=KIND,
        drug=draft.drug,
        summary=f"{title}: the draft order could not be tried on the patient's twin",
        detail="\n\n".join([f"**Not tried.** {words.escaped(why)}", *([words.foundation(basis)] if basis else [])]),
        indicator=Indicator.INFO,
        source_label="Patient Twin" if basis is None else f"Patient Twin, {basis.model.title}",
        source_url=absolute(address),
        links=links,
        basis=basis.named() if basis else {},
    )


def _summary(trial: Trial, best: PlanAttained | None) -> str:
    draft = trial.of_draft
    regimen = draft.plan.regimen
    what = label(regimen) if regimen else "no further doses"
    found = draft.attained
    words_ = f"{trial.basis.drug.title} {what}: {percent(found.p_in_target)} in target"
    if found.target.has_limit:
        words_ += f", {percent(found.p_above)} above it"
    if best is not None and best.plan.regimen is not None:
        words_ += f"; {label(best.plan.regimen)}: {percent(best.attained.p_in_target)} in target"
    return words_


def _suggestion(trial: Trial, item: PlanAttained, *, recommended: bool) -> Suggestion:
    regimen = item.plan.regimen
    if regimen is None:
        raise DraftError("no further doses are no regimen that an order could be changed to")
    first = moment_at(trial.basis.course.start, regimen.start_h)
    chance = percent(item.attained.p_in_target)
    return Suggestion(
        label=f"Change to {label(regimen)} ({chance} in target)",
        description=f"Change the draft to {regimen.sentence()}, first dose {words.clock(first)}",
        resource=rewritten(trial.draft.resource, regimen, first),
        is_recommended=recommended,
    )
