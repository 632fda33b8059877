"""Unbound piperacillin: Öbrink-Hansen 2015, Thorsted 2019 (children), Udy 2015 and Klastrup 2020.

A drug of its own, so that no fit, comparison or average mixes unbound with total levels.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.drug import Drug
from twins.pharmacology.drugs.beta_lactams import above
from twins.pharmacology.drugs.piperacillin import BREAKPOINT, KIDNEY, PRACTICE
from twins.pharmacology.drugs.variances import diagonal, logarithmic
from twins.pharmacology.drugs.vocabulary import MICROMOLES, RENAL_INPUTS, constant, covariate
from twins.pharmacology.population import Citation, PopulationModel, on
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import CENTRAL_VOLUME, CLEARANCE, Q2, V2, compartments
from twins.quantities.sentence import ours

Array = NDArray[np.float64]

DRUG = "unbound piperacillin"
DOSINGAPP = (ours("russlewisbo/Dosingapp models.js (numbers taken from the article's tables by its author)"),)
UNBOUND = "Its levels are unbound concentrations: never mix them with total levels."


def _obrink_hansen(chart: Mapping[str, Array]) -> dict[str, Array]:
    creatinine = chart["creatinine_mg_per_dl"] * MICROMOLES
    return {
        CLEARANCE: 3.6 - 0.011 * (creatinine - 170.0),
        CENTRAL_VOLUME: constant(7.3, creatinine),
        Q2: constant(6.58, creatinine),
        V2: constant(3.9, creatinine),
    }


OBRINK_HANSEN_2015 = PopulationModel(
    id="piperacillin-obrink-hansen-2015",
    version="1",
    drug=DRUG,
    title="Öbrink-Hansen 2015 (septic shock)",
    system=compartments(2),
    typical=_obrink_hansen,
    etas=on(CLEARANCE, CENTRAL_VOLUME),
    omega=logarithmic(71.2, 57.8),
    omega_convention="variance of eta as ln(1 + CV²), from 71.2 and 57.8 % CV; the convention is not stated",
    residuals={"concentration": Residual(ResidualKind.VARIANCE_SUM, additive=0.0, proportional=0.147)},
    covariates=(
        covariate(
            "creatinine_mg_per_dl",
            high=497.0 / MICROMOLES,
            median=170.0 / MICROMOLES,
            meaning="serum creatinine; above 497 µmol/L the clearance would be negative",
        ),
        covariate("age_y", low=18.0),
    ),
    clinical_inputs=("creatinine_mg_per_dl",),
    population="15 adults in septic shock, up to 3 days after the start of treatment",
    citation=Citation(
        "Öbrink-Hansen K et al. Antimicrob Agents Chemother 2015",
        "10.1128/AAC.01347-15",
        ("nlmixr2/nlmixr2lib inst/modeldb/specificDrugs/Obrink-Hansen_2015_piperacillin.R",),
    ),
    unverified=("Read in a single source; covariate ranges were not read.",),
    intended=("The first three days of septic shock.",),
    cautioned=(
        UNBOUND,
        "Few patients.",
        "Creatinine above 497 µmol/L is refused.",
    ),
)


def _thorsted(chart: Mapping[str, Array]) -> dict[str, Array]:
    size = chart["weight_kg"] / 70.0
    return {
        CLEARANCE: 15.4 * size**0.75,
        CENTRAL_VOLUME: 16.0 * size,
        Q2: 0.237 * size**0.75,
        V2: 3.40 * size,
    }


THORSTED_2019 = PopulationModel(
    id="piperacillin-thorsted-2019-child",
    version="1",
    drug=DRUG,
    title="Thorsted 2019 (children with fever)",
    system=compartments(2),
    typical=_thorsted,
    etas=on(CLEARANCE),
    omega=logarithmic(16.6),
    omega_convention="variance of eta as ln(1 + CV²), from 16.6 % CV between febrile episodes: the final model has no "
    "other variability, and a course here is one episode",
    residuals={"concentration": Residual(ResidualKind.VARIANCE_SUM, additive=0.0, proportional=0.332)},
    covariates=(covariate("weight_kg", 9.5, 107.0, 39.4), covariate("age_y", 1.0, 18.0, 12.0)),
    clinical_inputs=("weight_kg",),
    population="43 children on chemotherapy, 89 febrile episodes, 482 unbound concentrations",
    citation=Citation(
        ours("Thorsted A et al. J Antimicrob Chemother 2019;74:2984-2993 (erratum 2020;75:254-255)"),
        "10.1093/jac/dkz270",
        ("nlmixr2/nlmixr2lib inst/modeldb/specificDrugs/Thorsted_2019_piperacillin.R",),
    ),
    unverified=("Read in a single source.",),
    intended=("Children from one year on with fever on chemotherapy and normal or high kidney function.",),
    cautioned=(UNBOUND, "Impaired kidney function: the source's children had 87 mL/min/1.73 m² and more."),
)


def _udy(chart: Mapping[str, Array]) -> dict[str, Array]:
    kidney = chart[KIDNEY]
    return {
        CLEARANCE: 16.3 * kidney / 100.0,
        CENTRAL_VOLUME: constant(19.9, kidney),
        Q2: constant(37.3, kidney),
        V2: constant(18.8, kidney),
    }


UDY_2015 = PopulationModel(
    id="piperacillin-udy-2015",
    version="1",
    drug=DRUG,
    title="Udy 2015",
    system=compartments(2),
    typical=_udy,
    etas=on(CLEARANCE, CENTRAL_VOLUME, V2),
    omega=diagonal(0.56**2, 0.296**2, 0.676**2),
    omega_convention="variance of eta, the square of standard deviations of 0.56, 0.296 and 0.676",
    residuals={},
    covariates=(covariate(KIDNEY, median=100.0), covariate("age_y", low=18.0)),
    clinical_inputs=RENAL_INPUTS,
    population="48 critically ill adults with sepsis",
    citation=Citation("Udy AA et al. Crit Care 2015;19:28", "10.1186/s13054-015-0750-y", DOSINGAPP),
    unverified=(
        "The residual error is ambiguous in the article: no residual ships, and levels cannot be fitted.",
        "Read in a single source; covariate ranges were not read.",
    ),
    intended=("Simulation and attainment of targets in sepsis.",),
    cautioned=(UNBOUND, "Not for fitting levels."),
)


def _klastrup(chart: Mapping[str, Array]) -> dict[str, Array]:
    kidney = chart[KIDNEY]
    return {CLEARANCE: 2.25 + 0.119 * kidney, CENTRAL_VOLUME: constant(35.8, kidney)}


KLASTRUP_2020 = PopulationModel(
    id="piperacillin-klastrup-2020",
    version="1",
    drug=DRUG,
    title="Klastrup 2020 (continuous infusion)",
    system=compartments(1),
    typical=_klastrup,
    etas=on(CLEARANCE),
    omega=logarithmic(57.4),
    omega_convention="variance of eta as ln(1 + CV²), from 57.4 % CV; the convention is not stated",
    residuals={"concentration": Residual(ResidualKind.VARIANCE_SUM, additive=0.0, proportional=0.226)},
    covariates=(covariate(KIDNEY), covariate("age_y", low=18.0)),
    clinical_inputs=RENAL_INPUTS,
    population="78 critically ill adults",
    citation=Citation(
        "Klastrup V et al. Antimicrob Agents Chemother 2020;64:e02556-19", "10.1128/AAC.02556-19", DOSINGAPP
    ),
    unverified=("Read in a single source; covariate ranges were not read.",),
    intended=("Continuous infusion in intensive care.",),
    cautioned=(UNBOUND, "Intermittent infusions: one compartment."),
)

UNBOUND_PIPERACILLIN = Drug(
    name=DRUG,
    title="Piperacillin, unbound levels",
    models=(KLASTRUP_2020.id, UDY_2015.id, OBRINK_HANSEN_2015.id, THORSTED_2019.id),
    targets=(above(16.0, 1.0, BREAKPOINT),),
    practice=PRACTICE,
    level_unit="mg/L",
)

MODELS = (OBRINK_HANSEN_2015, THORSTED_2019, UDY_2015, KLASTRUP_2020)
