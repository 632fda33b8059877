"""An administrator chooses by which models a drug is followed, and in what order, or stops following it.

Each time another version is stored, with a reason; those before it and all that was made by them stay as they are.
"""

from collections.abc import Sequence

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from clinic.access.actor import key_of
from clinic.access.permissions import has
from clinic.access.roles import Permission
from clinic.audit.event import Actor, record
from clinic.audit.models import Action
from clinic.charts.words import inside
from clinic.formulary.reason import stated
from clinic.twin_words.said import said
from twins.jobs.models_change import request_models_change
from twins.pharmacology import formulary
from twins.records.followed import followed
from twins.records.kept import why_not_drug, why_not_model
from twins.records.models import FollowedVersion


class FollowError(Exception):
    """A choice that is not taken; the sentence names the field, its value and the remedy."""


def follow(
    *, drug: str, model_ids: Sequence[str], reason: str, after: int, by: AbstractBaseUser, actor: Actor
) -> FollowedVersion:
    """From now on twins of `drug` are kept by these models, comparisons made with the first; theirs are asked for.

    Parameters
    ----------
    after : int
        Number of the version that was on the page, 0 for none: nobody replaces what they did not see.

    Raises
    ------
    PermissionDenied
        The roles of `by` do not grant it.
    UnknownDrugError
        If the formulary has no such drug.
    FollowError
        No twin can be kept of the drug or by one of the models, no model, no reason, nothing new, or another version
        was stored meanwhile.
    """
    _allowed(by)
    title = said(formulary.drug(drug).title)
    why_not = cannot(drug)
    if why_not:
        raise FollowError(_("{drug} cannot be followed: {reason}.").format(drug=title, reason=why_not))
    if not model_ids:
        words = _("No model has a place; give one of them place 1, or stop following {drug} instead.")
        raise FollowError(words.format(drug=inside(title)))
    for model_id in model_ids:
        _usable(drug, model_id)
    if len(set(model_ids)) < len(model_ids):
        raise FollowError(_("A model is named twice; give each of them one place."))
    return _store(drug, list(model_ids), reason, after, by, actor)


def stop(*, drug: str, reason: str, after: int, by: AbstractBaseUser, actor: Actor) -> FollowedVersion:
    """Keep no twins of `drug` any more; those that are stored, and what was decided on them, can still be read.

    Raises as `follow` does, and where it is the last drug that is followed.
    """
    _allowed(by)
    title = inside(said(formulary.drug(drug).title))
    every = followed()
    if drug in every and len(every) == 1:
        words = _("Only {drug} is followed; follow another drug first, then stop following this one.")
        raise FollowError(words.format(drug=title))
    return _store(drug, [], reason, after, by, actor)


def cannot(drug: str) -> str:
    """Why no twin could be kept of the drug, as the end of a sentence; empty where one could."""
    why_not = said(why_not_drug(drug))
    if not why_not and drug not in frozenset(import_string(settings.DRUG_CODES).values()):
        why_not = _("no door has a code for it, so that no order and no dose of it comes in")
    return why_not


def _allowed(by: AbstractBaseUser) -> None:
    if not has(by, Permission.FORMULARY_MANAGE):
        raise PermissionDenied(_("Your roles do not include {right}.").format(right=Permission.FORMULARY_MANAGE))


def _usable(drug: str, model_id: str) -> None:
    """Raises `FollowError` for a model that no twin of the drug could be kept by."""
    left_out = formulary.DO_NOT_SHIP.get(model_id)
    if left_out is not None:
        words = _("The model {model} was read and left out: {reason}. Choose another.")
        raise FollowError(words.format(model=model_id, reason=left_out))
    try:
        model = formulary.model(model_id)
    except formulary.UnknownModelError as error:
        raise FollowError(said(str(error))) from error
    if model.drug != drug:
        words = _("The model {model} is one of {other}, not of {drug}; choose one of {drug}.")
        titles = {
            name: inside(said(formulary.drug(key).title)) for name, key in (("other", model.drug), ("drug", drug))
        }
        raise FollowError(words.format(model=model.title, **titles))
    why_not = said(why_not_model(model))
    if why_not:
        words = _("The model {model} cannot be chosen: {reason}. Choose another.")
        raise FollowError(words.format(model=model.title, reason=why_not))


def _store(
    drug: str, model_ids: list[str], reason: str, after: int, by: AbstractBaseUser, actor: Actor
) -> FollowedVersion:
    text = stated(reason, FollowError)
    try:
        with transaction.atomic():
            last = FollowedVersion.objects.filter(drug=drug).order_by("-number").first()
            if (last.number if last else 0) != after:
                raise FollowError(
                    _("Somebody else changed this meanwhile; look at what holds now, and then change it once more.")
                )
            before = last.model_ids if last else list(settings.TWIN_MODELS.get(drug, ()))
            if model_ids == before:
                raise FollowError(_("This holds already; nothing was changed."))
            made = FollowedVersion.objects.create(
                drug=drug,
                number=after + 1,
                model_ids=model_ids,
                reason=text,
                made_by=key_of(by),
                made_at=timezone.now(),
            )
            if model_ids:
                request_models_change(drug, asked_by=made.made_by)
            record(
                by=actor,
                action=Action.CREATE,
                activity=_activity(before, model_ids),
                entity_type="FollowedVersion",
                entity_id=made.pk,
                entity_version=str(made.number),
                purpose="HOPERAT",
                detail={"drug": drug, "before": before, "after": model_ids},
            )
    except IntegrityError as error:
        raise FollowError(_("Somebody else changed this just now; load the page again.")) from error
    return made


def _activity(before: list[str], after: list[str]) -> str:
    if not after:
        return "formulary.stop"
    return "formulary.models" if before else "formulary.follow"
