"""A hospital's own model, written as a TOML file; the format is described in ``docs/hospital_models.md``."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology import hospital_remedies as remedies
from twins.pharmacology import hospital_sections as sections
from twins.pharmacology.arithmetic import Expression
from twins.pharmacology.covariates import DIALYSIS, HOURS, CovariateError, read
from twins.pharmacology.drug import Drug
from twins.pharmacology.hospital_findings import Findings, Mistake, Table
from twins.pharmacology.hospital_structure import structure
from twins.pharmacology.population import Citation, Link, Occasions, PopulationModel, RenalRule
from twins.pharmacology.reading import FIRST_DOSE
from twins.pharmacology.target import Target
from twins.quantities.sentence import Sentence

Array = NDArray[np.float64]

FORMAT = 1
LARGEST_BYTES = 200_000
_ADDED_HERE = Sentence("Added by this hospital in {file}; it did not ship.")
_KEYS = (
    "format",
    "id",
    "version",
    "drug",
    "title",
    "population",
    "clinical_inputs",
    "intended",
    "cautioned",
    "conflicts",
    "unverified",
    "steps_h",
    "citation",
    "structure",
    "covariate",
    "derived",
    "let",
    "typical",
    "sums",
    "links",
    "omega",
    "occasions",
    "residual",
    "renal",
    "reference",
    "target",
    "new_drug",
    "practice",
)
_LINKS = {link.name.lower(): link for link in Link}
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-.")


class HospitalFileError(ValueError):
    """A file that cannot be used as a model; `mistakes` names each one with its key, value and remedy."""

    def __init__(self, file: str, mistakes: list[Mistake]) -> None:
        super().__init__("\n".join(f"{file}: {mistake}" for mistake in mistakes))
        self.file = file
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True, slots=True)
class HospitalModel:
    """What a file holds.

    Attributes
    ----------
    targets
        Added to those of the drug.
    drug
        Where the formulary does not ship the model's drug; None where it does.
    """

    file: str
    model: PopulationModel
    targets: tuple[Target, ...]
    drug: Drug | None


@dataclass(frozen=True, slots=True, eq=False)
class Written:
    """Typical values from the equations of a file: those of [let] in order, then those of [typical]."""

    let: Mapping[str, Expression]
    typical: Mapping[str, Expression]

    def __call__(self, chart: Mapping[str, Array]) -> dict[str, Array]:
        values: dict[str, Array] = {}
        mine = set(self.let)
        for name, expression in self.let.items():
            values[name] = expression(
                {part: values[part] if part in values else chart[part] for part in expression.names}
            )
        return {
            component: expression({part: values[part] if part in mine else chart[part] for part in expression.names})
            for component, expression in self.typical.items()
        }


def read_file(path: Path, *, shipped: Mapping[str, Drug]) -> HospitalModel:
    """The model that a file writes.

    Parameters
    ----------
    shipped
        Drugs of the formulary by name: a model of another drug needs [new_drug] and [practice]. What files of the
        hospital's own brought to it may come again, so that a file can be changed and read anew.

    Raises
    ------
    HospitalFileError
        With every mistake that was found.
    """
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise HospitalFileError(
                path.name, [_of_the_file(remedies.TOO_LARGE, remedies.KEEP_SMALL(most=LARGEST_BYTES))]
            )
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        remedy = remedies.PERMISSIONS(why=error.strerror)
        raise HospitalFileError(path.name, [_of_the_file(remedies.UNREADABLE, remedy)]) from error
    except UnicodeDecodeError as error:
        raise HospitalFileError(path.name, [_of_the_file(remedies.NOT_UTF8, remedies.SAVE_AS_UTF8())]) from error
    return read_text(text, file=path.name, shipped=shipped)


def _of_the_file(state: str, remedy: str) -> Mistake:
    return Mistake(remedies.THE_FILE, state, remedy)


_DEEPEST, _LONGEST, _GREATEST = 8, 1000, 2**53


def _out_of_reach(value: Any, key: str, depth: int) -> str:
    """The key of what no model can need and no computer should try; empty where there is none."""
    if depth > _DEEPEST or (isinstance(value, dict | list) and len(value) > _LONGEST):
        return key
    if isinstance(value, int) and abs(value) > _GREATEST:
        return key
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return next((far for name, part in items if (far := _out_of_reach(part, str(name)[:60], depth + 1))), "")


def read_text(text: str, *, file: str, shipped: Mapping[str, Drug]) -> HospitalModel:
    """The model that a text writes; as `read_file`."""
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise HospitalFileError(file, [_of_the_file(remedies.NO_TOML, remedies.CORRECT(why=error))]) from error
    if far := _out_of_reach(data, remedies.THE_FILE, 0):
        raise HospitalFileError(file, [Mistake(far, remedies.OUT_OF_REACH, remedies.NOTHING_SO_LARGE())])
    found = Findings()
    if data.get("format") != FORMAT:
        found.wrong("format", data.get("format"), remedies.WRITE_FORMAT(number=FORMAT))
    found.known(data, "", _KEYS)
    made = _build(found, data, file, shipped)
    if found.mistakes or made is None:
        raise HospitalFileError(file, found.mistakes)
    return made


def _build(found: Findings, data: Table, file: str, shipped: Mapping[str, Drug]) -> HospitalModel | None:
    system = structure(found, found.table(data, "structure", required=True))
    ranges = sections.covariates(found, found.tables(data, "covariate"))
    derived = sections.derived(found, found.table(data, "derived"))
    let = sections.expressions(found, "let", found.table(data, "let"))
    typical = sections.expressions(found, "typical", found.table(data, "typical", required=True))
    sums = _sums(found, found.table(data, "sums"), system)
    inputs = found.texts(data, "clinical_inputs")
    _names(
        found,
        let,
        typical,
        {known.name for known in ranges} | set(derived) | set(inputs) | {HOURS, FIRST_DOSE, DIALYSIS},
    )
    components = () if system is None else tuple(part for name in system.parameters for part in sums.get(name, (name,)))
    if system is not None:
        for name in components:
            if name not in typical and f"typical.{name}" not in {mistake.key for mistake in found.mistakes}:
                found.wrong(f"typical.{name}", None, remedies.WRITE_EQUATION())
        for name in typical:
            if name not in components:
                found.wrong(f"typical.{name}", typical[name].text, remedies.THE_COMPONENTS(known=", ".join(components)))
    omega_table = found.table(data, "omega", required=True)
    found.known(omega_table, "omega.", ("etas", "form", "diagonal", "triangle", "correlations", "convention"))
    etas = sections.etas(found, "omega", omega_table, components)
    omega, convention = sections.covariance(found, "omega", omega_table, len(etas))
    if not etas:
        found.wrong("omega.etas", omega_table.get("etas"), remedies.NAME_ONE())
    occasions = _occasions(found, found.table(data, "occasions"), components)
    residuals = sections.residuals(found, found.tables(data, "residual"), system)
    aims = sections.targets(found, found.tables(data, "target"), system)
    links = _links(found, found.table(data, "links"), components)
    citation = _citation(found, found.table(data, "citation", required=True))
    identity = _identity(found, data)
    if any(identity["id"] in known.shipped for known in shipped.values()):
        found.wrong("id", identity["id"], remedies.ID_TAKEN())
    steps = found.numbers(data.get("steps_h", []), "steps_h")
    drug = _drug(found, data, identity["drug"], identity["id"], aims, shipped)
    if system is None:
        return None
    unit = (drug or shipped[identity["drug"]]).level_unit if (drug or identity["drug"] in shipped) else ""
    if unit and system.outputs[0].unit != unit:
        found.wrong("structure.unit", system.outputs[0].unit, remedies.LEVELS_ARE_IN(drug=identity["drug"], unit=unit))
    if found.mistakes:
        return None
    model = PopulationModel(
        **identity,
        system=system,
        typical=Written(let, typical),
        etas=etas,
        omega=omega,
        omega_convention=convention,
        residuals=residuals,
        covariates=ranges,
        clinical_inputs=inputs,
        population=found.text(data, "population"),
        citation=citation,
        conflicts=found.texts(data, "conflicts"),
        unverified=(*found.texts(data, "unverified"), _ADDED_HERE(file=file)),
        renal=_renal(found, found.table(data, "renal")),
        derived=derived,
        sums=sums,
        links=links,
        occasions=occasions,
        steps_h=() if steps is None else tuple(map(float, steps)),
        intended=found.texts(data, "intended"),
        cautioned=found.texts(data, "cautioned"),
    )
    _try_reference(found, model, found.table(data, "reference"))
    return HospitalModel(file, model, aims, drug)


def _identity(found: Findings, data: Table) -> dict[str, str]:
    identity = {key: found.text(data, key) for key in ("id", "version", "drug", "title")}
    strange = set(identity["id"]) - _LETTERS
    if strange or len(identity["id"]) > 80:
        found.wrong("id", identity["id"], remedies.LETTERS_OF_AN_ID())
    return identity


def _names(found: Findings, let: Mapping[str, Expression], typical: Mapping[str, Expression], given: set[str]) -> None:
    """Every name that an equation reads is a covariate, a clinical input, or a line of [let] before it."""
    known = set(given)
    for section, table in (("let", let), ("typical", typical)):
        for name, expression in table.items():
            for part in sorted(expression.names - known):
                found.wrong(f"{section}.{name}", part, remedies.UNKNOWN_NAME())
            if section == "let":
                known.add(name)


def _sums(found: Findings, table: Table, system: Any) -> dict[str, tuple[str, ...]]:
    sums = {}
    for name in table:
        parts = found.texts(table, name, prefix="sums.")
        if system is not None and name not in system.parameters:
            found.wrong(f"sums.{name}", list(parts), remedies.THE_PARAMETERS(known=", ".join(system.parameters)))
        sums[name] = parts
    return sums


def _links(found: Findings, table: Table, components: tuple[str, ...]) -> dict[str, Link]:
    links = {}
    for name, link in table.items():
        if not isinstance(link, str) or link not in _LINKS or (components and name not in components):
            found.wrong(f"links.{name}", link, remedies.A_LINK(known=", ".join(_LINKS)))
            continue
        links[name] = _LINKS[link]
    return links


def _occasions(found: Findings, table: Table, components: tuple[str, ...]) -> Occasions | None:
    if not table:
        return None
    found.known(table, "occasions.", ("etas", "form", "diagonal", "triangle", "correlations", "convention", "every_h"))
    etas = sections.etas(found, "occasions", table, components)
    omega, _ = sections.covariance(found, "occasions", table, len(etas))
    every = found.number(table, "every_h", prefix="occasions.", low=1e-3)
    return Occasions(etas, omega, every)


def _citation(found: Findings, table: Table) -> Citation:
    found.known(table, "citation.", ("text", "doi", "read_in"))
    doi = found.text(table, "doi", prefix="citation.", default="")
    if doi and not doi.startswith("10."):
        found.wrong("citation.doi", doi, remedies.BEGINS_WITH_10())
    return Citation(
        found.text(table, "text", prefix="citation."), doi, found.texts(table, "read_in", prefix="citation.")
    )


def _renal(found: Findings, table: Table) -> RenalRule:
    keys = ("cap_ml_per_min", "creatinine_floor_mg_per_dl", "floor_over_age_y")
    found.known(table, "renal.", keys)
    return RenalRule(*(found.optional(table, key, prefix="renal.") for key in keys))


def _drug(
    found: Findings, data: Table, name: str, model_id: str, aims: tuple[Target, ...], shipped: Mapping[str, Drug]
) -> Drug | None:
    """The drug of a file, where the formulary does not have it, or has it from such a file."""
    brings = "new_drug" in data or "practice" in data
    if not name:  # which has been said: whose the tables are is not known
        return None
    if name in shipped and (shipped[name].shipped or not brings):
        for key in ("new_drug", "practice"):
            if key in data:
                found.wrong(key, data[key], remedies.SHIPS_WITH_ITS_OWN(drug=name))
        return None
    about = found.table(data, "new_drug", required=True)
    level_unit = found.text(about, "level_unit", prefix="new_drug.")
    sections.known_unit(found, "new_drug.level_unit", level_unit)
    found.known(about, "new_drug.", ("title", "level_unit", "high_alert"))
    return Drug(
        name=name,
        title=found.text(about, "title", prefix="new_drug."),
        models=(model_id,),
        targets=aims,
        practice=sections.practice(found, found.table(data, "practice", required=True)),
        level_unit=level_unit,
        high_alert=about.get("high_alert") is True,
        added=(model_id,),
    )


def _try_reference(found: Findings, model: PopulationModel, given: Table) -> None:
    """Typical values at the reference: medians and defaults, or what [reference] says, must suit the structure."""
    chart = {HOURS: np.zeros(1), FIRST_DOSE: np.zeros(1)}
    for known in model.covariates:
        usual = known.median if known.median is not None else known.default
        if usual is not None and known.name not in model.derived:
            chart[known.name] = np.array([usual])
    for name in given:
        chart[name] = np.array([found.number(given, name, prefix="reference.")])
    try:
        read(model, chart, shape=(1,))
    except (CovariateError, ValueError, KeyError, TypeError) as error:
        found.wrong(
            "reference",
            {name: float(value[0]) for name, value in chart.items() if name not in (HOURS, FIRST_DOSE)},
            remedies.CANNOT_BE_USED_THERE(why=error),
        )
