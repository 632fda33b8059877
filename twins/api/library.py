"""The models and drugs that ship, by name."""

from pathlib import Path

from twins.api.named import needed
from twins.pharmacology import formulary, hospital_file
from twins.pharmacology.drug import Drug
from twins.pharmacology.population import PopulationModel


def models(drug: str | None = None) -> tuple[str, ...]:
    """Ids of the models that ship: all, or those of one drug, the one to use unless told otherwise first.

    Raises
    ------
    UnknownDrugError
        With the nearest name.
    """
    return formulary.model_ids() if drug is None else formulary.drug(drug).models


def model(model_id: str) -> PopulationModel:
    """The model with that id.

    Raises
    ------
    UnknownModelError
        With the nearest id.
    """
    return formulary.model(model_id)


def drugs() -> tuple[str, ...]:
    """Names of the drugs that ship."""
    return formulary.drugs()


def drug(name: str) -> Drug:
    """A drug: its models, targets and what can be given in practice.

    Raises
    ------
    UnknownDrugError
        With the nearest name.
    """
    return formulary.drug(name)


def read_model(path: str | Path) -> PopulationModel:
    """The model that a file in the hospital's format writes; docs/hospital_models.md describes it.

    Raises
    ------
    HospitalFileError
        With every mistake that was found: key, value and remedy.
    """
    shipped = {name: formulary.drug(name) for name in formulary.drugs()}
    return hospital_file.read_file(Path(path), shipped=shipped).model


def chosen(model_or_id: PopulationModel | str) -> PopulationModel:
    """A model, also where its id is given."""
    if isinstance(model_or_id, str):
        return formulary.model(model_or_id)
    needed(
        "model", model_or_id, PopulationModel, "give a model's id, as twins.models() lists them, or a PopulationModel"
    )
    return model_or_id
