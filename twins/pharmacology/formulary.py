"""The models and drugs that ship, by name."""

import difflib

from twins.pharmacology.drug import Drug, Practice
from twins.pharmacology.drugs import (
    amikacin,
    busulfan,
    cabozantinib,
    caffeine,
    carboplatin,
    cefepime,
    digoxin,
    gentamicin,
    ibrutinib,
    infliximab,
    meropenem,
    methotrexate,
    paracetamol,
    phenobarbital,
    phenytoin,
    piperacillin,
    piperacillin_unbound,
    propofol,
    remifentanil,
    sunitinib,
    tacrolimus,
    theophylline,
    tobramycin,
    vancomycin,
    voriconazole,
    warfarin,
)
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.target import Target

__all__ = ["Drug", "Practice", "Target", "UnknownDrugError", "UnknownModelError", "drug", "drugs", "model", "model_ids"]

_FILES = (
    vancomycin,
    gentamicin,
    tobramycin,
    amikacin,
    meropenem,
    piperacillin,
    piperacillin_unbound,
    cefepime,
    voriconazole,
    tacrolimus,
    busulfan,
    methotrexate,
    carboplatin,
    cabozantinib,
    ibrutinib,
    sunitinib,
    infliximab,
    digoxin,
    warfarin,
    phenytoin,
    phenobarbital,
    theophylline,
    caffeine,
    paracetamol,
    propofol,
    remifentanil,
)
_MODELS: dict[str, PopulationModel] = {model.id: model for file in _FILES for model in file.MODELS}
_DRUGS: dict[str, Drug] = {
    value.name: value for file in _FILES for value in vars(file).values() if isinstance(value, Drug)
}


class UnknownModelError(KeyError):
    """No model has that id; the message names the nearest."""

    def __str__(self) -> str:
        return str(self.args[0])


class UnknownDrugError(KeyError):
    """No drug has that name; the message names the nearest."""

    def __str__(self) -> str:
        return str(self.args[0])


def _nearest(name: str, names: tuple[str, ...]) -> str:
    return max(names, key=lambda other: difflib.SequenceMatcher(None, name.lower(), other).ratio())


def model_ids() -> tuple[str, ...]:
    """Ids of all models that ship, in order."""
    return tuple(_MODELS)


def model(model_id: str) -> PopulationModel:
    """The model with that id.

    Raises
    ------
    UnknownModelError
        With the nearest id.
    """
    if model_id not in _MODELS:
        raise UnknownModelError(f"no model is called {model_id!r}; did you mean {_nearest(model_id, model_ids())!r}?")
    return _MODELS[model_id]


def drugs() -> tuple[str, ...]:
    """Names of all drugs that ship."""
    return tuple(_DRUGS)


def drug(name: str) -> Drug:
    """The drug of that name.

    Raises
    ------
    UnknownDrugError
        With the nearest name.
    """
    if name not in _DRUGS:
        raise UnknownDrugError(f"no drug is called {name!r}; did you mean {_nearest(name, drugs())!r}?")
    return _DRUGS[name]
