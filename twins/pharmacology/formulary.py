"""The models and drugs that ship, by name, and those that a hospital adds from files."""

import difflib
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from twins.pharmacology import hospital_remedies as remedies
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
from twins.pharmacology.hospital_file import HospitalFileError, HospitalModel, read_file
from twins.pharmacology.hospital_findings import Mistake
from twins.pharmacology.population import PopulationModel
from twins.pharmacology.target import Target
from twins.quantities.sentence import Sentence, ours

__all__ = [
    "DO_NOT_SHIP",
    "Drug",
    "Loaded",
    "Practice",
    "Target",
    "UnknownDrugError",
    "UnknownModelError",
    "drug",
    "drugs",
    "load",
    "loaded",
    "model",
    "model_ids",
]

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
_SHIPPED_MODELS: dict[str, PopulationModel] = {model.id: model for file in _FILES for model in file.MODELS}
_SHIPPED_DRUGS: dict[str, Drug] = {
    value.name: value for file in _FILES for value in vars(file).values() if isinstance(value, Drug)
}
logger = logging.getLogger(__name__)
_MODELS = dict(_SHIPPED_MODELS)
_DRUGS = dict(_SHIPPED_DRUGS)

DO_NOT_SHIP = {
    "piperacillin-chen-2016": "tucuxi-drugs raises its second parameter to the power of the scaled creatinine "
    "clearance, which looks like a transcription error",
    "voriconazole-mapbayr-run962": "mapbayr-CPTPSP-2021 run962 enters standard deviations as variances",
    "amikacin-burdet-2015": "the only file read has a made-up covariance matrix for a test, not the article's",
    "cefepime-nicasio-2009": "its multivariate normal gives rate constants below 0 in most draws, and no residual",
    "digoxin-komatsu-2015": "a clearance alone, without a volume: no concentration at a time follows from it",
    "warfarin-hamberg-2010-form": "a K-PD form that was not compared with any article",
    "theophylline-theoph12": "12 volunteers of a textbook: data to test software with, not a clinical model",
    "pazopanib-mapbayr-run921": "its bioavailability follows the amount and hour of each last dose, which no covariate "
    "of a chart holds",
}
"""What was read and is left out, with the reason."""


def _in_words() -> Iterator[str]:
    """What the cards of all that ships say in words: known as sentences, so that pages say them in any language.

    What else a card says is a sentence where it is written, or the same everywhere, as titles and citations are.
    """
    for known in _SHIPPED_MODELS.values():
        yield from (known.population, known.omega_convention, *known.conflicts, *known.unverified)
    for value in _SHIPPED_DRUGS.values():
        yield from (target.source for target in value.targets)
    yield from DO_NOT_SHIP.values()


for _text in _in_words():
    ours(_text)

_NO_MODEL = Sentence("no model is called {name}; did you mean {nearest}?")
_NO_DRUG = Sentence("no drug is called {name}; did you mean {nearest}?")


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a directory of hospital models gave: ids of models, and every mistake by file name."""

    model_ids: tuple[str, ...] = ()
    problems: tuple[tuple[str, Mistake], ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """Each mistake in one sentence with its file."""
        return tuple(f"{file}: {mistake}" for file, mistake in self.problems)


_loaded = Loaded()


class UnknownModelError(KeyError):
    """No model has that id; the message names the nearest."""

    def __str__(self) -> str:
        return str(self.args[0])


class UnknownDrugError(KeyError):
    """No drug has that name; the message names the nearest."""

    def __str__(self) -> str:
        return str(self.args[0])


def _nearest(name: str, names: tuple[str, ...]) -> str:
    asked = name[:100].lower()  # no name is longer, and the search takes the square of its length
    return max(names, key=lambda other: difflib.SequenceMatcher(None, asked, other).ratio())


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
        raise UnknownModelError(_NO_MODEL(name=repr(model_id[:100]), nearest=repr(_nearest(model_id, model_ids()))))
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
        raise UnknownDrugError(_NO_DRUG(name=repr(name[:100]), nearest=repr(_nearest(name, drugs()))))
    return _DRUGS[name]


def loaded() -> Loaded:
    """What the last `load` gave; empty where there was none."""
    return _loaded


def load(directory: Path | str) -> Loaded:
    """Add the models of all ``*.toml`` files of a directory, in order of their names; those of an earlier load go.

    A file with a mistake adds nothing and keeps no other file out: its mistakes are in the result, and in `loaded`.
    An empty name of a directory loads nothing; one that cannot be read loads nothing either, and is reported as a
    mistake among the others, since a page must come up all the same: look at `Loaded.problems` of what this gives.
    """
    global _loaded  # one formulary a process, as what ships
    models, drugs_ = dict(_SHIPPED_MODELS), dict(_SHIPPED_DRUGS)
    added: list[str] = []
    problems: list[tuple[str, Mistake]] = []
    for path in _files(directory, problems):
        try:
            found = read_file(path, shipped=drugs_)
        except HospitalFileError as error:
            problems += [(_shown(path), mistake) for mistake in error.mistakes]
            continue
        except Exception as error:
            logger.exception("a hospital's model file could not be read: %s", _shown(path))
            remedy = remedies.NOT_UNDERSTOOD(why=type(error).__name__)
            problems.append((_shown(path), Mistake(remedies.THE_FILE, remedies.UNREADABLE, remedy)))
            continue
        if found.model.id in models:
            problems.append((_shown(path), Mistake("id", repr(found.model.id), remedies.ID_TAKEN())))
            continue
        if found.drug is not None and found.drug.name in drugs_:
            problems.append((_shown(path), Mistake("new_drug", repr(found.drug.name), remedies.BROUGHT_ALREADY())))
            continue
        models[found.model.id] = found.model
        drugs_[found.model.drug] = _with(found, drugs_)
        added.append(found.model.id)
    _MODELS.clear()
    _MODELS.update(models)
    _DRUGS.clear()
    _DRUGS.update(drugs_)
    _loaded = Loaded(tuple(added), tuple(problems))
    return _loaded


def _files(directory: Path | str, problems: list[tuple[str, Mistake]]) -> list[Path]:
    if not str(directory):
        return []
    folder = Path(directory)
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".toml" and path.is_file())
    except OSError as error:
        remedy = remedies.CANNOT_BE_READ(why=error.strerror)
        problems.append((folder.name, Mistake(remedies.THE_DIRECTORY, repr(str(folder)), remedy)))
        return []


def _shown(path: Path) -> str:
    """A file's name, whatever bytes it is made of."""
    return path.name.encode("utf-8", "backslashreplace").decode()


def _with(found: HospitalModel, known: dict[str, Drug]) -> Drug:
    """The drug with the model at the end of its list: what ships stays the one to use unless told otherwise."""
    if found.drug is not None:
        return found.drug
    drug_ = known[found.model.drug]
    return replace(
        drug_,
        models=(*drug_.models, found.model.id),
        targets=(*drug_.targets, *found.targets),
        added=(*drug_.added, found.model.id),
    )
