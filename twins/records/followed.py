"""Of which drugs twins are kept here and by which models: what administrators chose, else what a new site begins with.

This is the one place that knows. It is read from the database, so that a change is seen by the next request and the
next task of every process; within one request it is read once (`held`).
"""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Max, QuerySet

from twins.pharmacology import formulary
from twins.quantities.sentence import ANY, Sentence
from twins.records.models.followed_version import FollowedVersion
from twins.records.models.twin_version import TwinVersion

logger = logging.getLogger(__name__)

_DRUG_NOT_FOLLOWED = Sentence("{drug} is not followed here any more", drug=ANY)
_MODEL_NOT_FOLLOWED = Sentence("{drug} is not followed by {model} here any more", drug=ANY)


class NotFollowedError(ValueError):
    """No twin is kept of a drug; names the drugs that have one."""


@dataclass(frozen=True, slots=True)
class _Found:
    followed: dict[str, tuple[str, ...]]
    stopped: frozenset[str]


_held: ContextVar[list[_Found] | None] = ContextVar("followed", default=None)
"""Within `held` a list, which has the one thing in it once it was read."""


@contextmanager
def held() -> Iterator[None]:
    """Read once what is followed, and keep to it until the block ends: for one request, never for longer."""
    token = _held.set([])
    try:
        yield
    finally:
        _held.reset(token)


def followed() -> dict[str, tuple[str, ...]]:
    """The models of each drug that is followed, the one that comparisons are made with first.

    The drugs that a site begins with come first, in their order. A chosen model that this process does not know (a file
    of the hospital's own that is gone) is left out, and so is a drug of which none is left.
    """
    return _now().followed


def followed_at(moment: datetime) -> dict[str, tuple[str, ...]]:
    """As `followed`, as it was then."""
    return _read(FollowedVersion.objects.filter(made_at__lte=moment)).followed


def stopped() -> frozenset[str]:
    """Drugs that were followed and are not any more."""
    return _now().stopped


def model_ids(drug: str) -> tuple[str, ...]:
    """The models that `drug` is followed by, the one that comparisons are made with first.

    Raises
    ------
    NotFollowedError
        If no twin is kept of it.
    """
    every = followed()
    if drug not in every:
        raise NotFollowedError(f"no twin is kept for drug {drug!r}; known are: {', '.join(sorted(every))}")
    return every[drug]


def every_model(drug: str) -> tuple[str, ...]:
    """The models that `drug` is or ever was followed by and that are known here, those of the last choice first."""
    rows = FollowedVersion.objects.filter(drug=drug).order_by("-number").values_list("model_ids", flat=True)
    ever = [model_id for chosen in (*rows, settings.TWIN_MODELS.get(drug, ())) for model_id in chosen]
    return known_models(drug, dict.fromkeys(ever))


def usual_drug() -> str:
    """The drug that is meant where none is named."""
    return next(iter(followed()), next(iter(settings.TWIN_MODELS)))


def no_longer(version: TwinVersion) -> str:
    """Why a stored twin learns nothing any more, as a sentence without its full stop; empty where it does learn."""
    every = followed()
    if version.model_id in every.get(version.drug, ()):
        return ""
    drug = formulary.drug(version.drug).title if version.drug in formulary.drugs() else version.drug
    if version.drug not in every:
        return _DRUG_NOT_FOLLOWED(drug=drug)
    model = formulary.model(version.model_id).title if version.model_id in formulary.model_ids() else version.model_id
    return _MODEL_NOT_FOLLOWED(drug=drug, model=model)


def known_models(drug: str, chosen: Iterable[str]) -> tuple[str, ...]:
    """Those of the chosen models that this process knows as models of the drug."""
    known = formulary.drug(drug).models if drug in formulary.drugs() else ()
    return tuple(model_id for model_id in chosen if model_id in known)


def newest_of_each(rows: QuerySet[FollowedVersion]) -> QuerySet[FollowedVersion]:
    """Of each drug the last of `rows`, in one query."""
    return FollowedVersion.objects.filter(pk__in=rows.order_by().values("drug").annotate(last=Max("pk")).values("last"))


def _now() -> _Found:
    kept = _held.get()
    if kept is None:
        return _read(FollowedVersion.objects.all())
    if not kept:
        kept.append(_read(FollowedVersion.objects.all()))
    return kept[0]


def _read(rows: QuerySet[FollowedVersion]) -> _Found:
    made = dict(newest_of_each(rows).order_by("drug").values_list("drug", "model_ids"))
    found = {}
    for drug, chosen in {**settings.TWIN_MODELS, **made}.items():
        models = known_models(drug, chosen)
        if len(models) < len(chosen):
            logger.error("models that %s is followed by are not known here: %s", drug, sorted({*chosen} - {*models}))
        if models:
            found[drug] = models
    return _Found(found, frozenset(made) - frozenset(found))
