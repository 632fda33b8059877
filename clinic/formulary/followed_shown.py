"""What the administrator's pages show of the drugs that are followed and of those that could be."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth import get_user_model

from clinic.access.actor import key_of
from clinic.formulary.follow import cannot
from clinic.twin_words.said import said
from twins.pharmacology import formulary
from twins.pharmacology.card import Card, card
from twins.pharmacology.drug import Drug
from twins.records.followed import followed, newest_of_each
from twins.records.kept import why_not_model
from twins.records.models import FollowedVersion


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A model of the drug: its card, its place among those chosen (0: it is not), and why it cannot be chosen."""

    card: Card
    place: int
    why_not: str

    @classmethod
    def of(cls, model_id: str, place: int) -> "ModelRow":
        shown = card(model_id)
        return cls(shown, place, said(why_not_model(shown.model)))


@dataclass(frozen=True, slots=True)
class DrugRow:
    """A drug with its models, those that it is followed by first, and the version that holds.

    Attributes
    ----------
    version : FollowedVersion or None
        None where nobody changed what the site began with.
    who : str
        Who made it, by name.
    missing : tuple of str
        Ids of models that were chosen and that this process does not know.
    why_not : str
        Why no twin of it could be kept; empty where one could.
    """

    drug: Drug
    is_followed: bool
    models: tuple[ModelRow, ...]
    version: FollowedVersion | None
    who: str
    missing: tuple[str, ...]
    why_not: str

    @property
    def used(self) -> tuple[ModelRow, ...]:
        """The models that it is followed by, in their order."""
        return tuple(row for row in self.models if row.place)

    @property
    def unused(self) -> tuple[ModelRow, ...]:
        return tuple(row for row in self.models if not row.place)

    @property
    def number(self) -> int:
        """Of the version that holds; 0 where there is none."""
        return self.version.number if self.version is not None else 0

    @classmethod
    def of(cls, name: str, version: FollowedVersion | None, names: dict[str, str]) -> "DrugRow":
        drug = formulary.drug(name)
        chosen = followed().get(name, ())
        order = (*chosen, *(model_id for model_id in drug.models if model_id not in chosen))
        places = {model_id: place for place, model_id in enumerate(chosen, 1)}
        return cls(
            drug=drug,
            is_followed=bool(chosen),
            models=tuple(ModelRow.of(model_id, places.get(model_id, 0)) for model_id in order),
            version=version,
            who=names.get(version.made_by, version.made_by) if version is not None else "",
            missing=tuple(one for one in version.model_ids if one not in drug.models) if version is not None else (),
            why_not=cannot(name),
        )


def every_drug() -> list[DrugRow]:
    """All of the formulary, those followed first, in the order in which they are."""
    versions = {row.drug: row for row in newest_of_each(FollowedVersion.objects.all())}
    names = names_of(row.made_by for row in versions.values())
    order = dict.fromkeys((*followed(), *formulary.drugs()))
    return [DrugRow.of(name, versions.get(name), names) for name in order]


def titles(model_ids: Iterable[str]) -> str:
    """The models by title, in their order; what is not known here by its id."""
    known = formulary.model_ids()
    return ", ".join(formulary.model(one).title if one in known else one for one in model_ids)


def names_of(keys: Iterable[str]) -> dict[str, str]:
    """Names of people by their opaque keys, in one query; none where none is asked for."""
    numbers = [int(number) for key in set(keys) if (number := key.removeprefix("user-")).isdecimal()]
    people = get_user_model().objects.filter(pk__in=numbers) if numbers else ()
    return {key_of(one): one.get_full_name() or one.get_username() for one in people}
