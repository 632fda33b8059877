"""Piperacillin: Kim 2016, Kim 2022 and Roberts 2010 for total levels; four models of unbound levels beside it."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.drug import Drug, Practice
from twins.pharmacology.drugs.beta_lactams import above
from twins.pharmacology.drugs.derivations import CYSTATIN_C
from twins.pharmacology.drugs.variances import diagonal
from twins.pharmacology.drugs.vocabulary import RENAL_INPUTS, constant, covariate, flag
from twins.pharmacology.population import Citation, Occasions, PopulationModel, on
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import CENTRAL_VOLUME, CLEARANCE, LAG, Q2, V2, compartments
from twins.quantities.sentence import ours

Array = NDArray[np.float64]

KIDNEY = "creatinine_clearance_ml_per_min"


def _kim_2016(chart: Mapping[str, Array]) -> dict[str, Array]:
    kidney = chart[KIDNEY]
    return {
        CLEARANCE: 2.90 + 4.03 * kidney / 47.0,
        CENTRAL_VOLUME: 19.5 * chart["weight_kg"] / 60.0,
        Q2: constant(2.29, kidney),
        V2: constant(3.76, kidney),
    }


KIM_2016 = PopulationModel(
    id="piperacillin-kim-2016",
    version="1",
    drug="piperacillin",
    title="Kim 2016",
    system=compartments(2),
    typical=_kim_2016,
    etas=on(CLEARANCE, CENTRAL_VOLUME),
    omega=diagonal(0.279**2, 0.179**2),
    omega_convention="variance of eta, the square of standard deviations of 0.279 and 0.179",
    residuals={"concentration": Residual(ResidualKind.VARIANCE_SUM, additive=0.0, proportional=0.399)},
    covariates=(
        covariate(KIDNEY, 14.0, 146.0, 47.0),
        covariate("weight_kg", 36.0, 75.0, 60.0),
        covariate("age_y", 46.0, 88.0),
    ),
    clinical_inputs=RENAL_INPUTS,
    population="33 adults",
    citation=Citation(
        "Kim YK et al. Infect Chemother 2016;48:209",
        "10.3947/ic.2016.48.3.209",
        ("nlmixr2/nlmixr2lib inst/modeldb/specificDrugs/Kim_2016_piperacillin.R",),
    ),
    unverified=("Read in a single source.",),
    intended=("Adults in hospital; total levels.",),
    cautioned=("Few patients.", "Kidney replacement therapy."),
)


def _kim_2022(chart: Mapping[str, Array]) -> dict[str, Array]:
    size = chart["weight_kg"] / 70.0
    return {
        CLEARANCE: 5.05 * np.exp(0.00932 * (chart["cystatin_c_gfr_ml_per_min"] - 52.77)) * size**0.75,
        CENTRAL_VOLUME: np.where(chart["ecmo"] > 0.5, 7.38, 16.5) * size,
        Q2: 6.28 * size**0.75,
        V2: 6.27 * size,
    }


KIM_2022 = PopulationModel(
    id="piperacillin-kim-2022",
    version="1",
    drug="piperacillin",
    title="Kim 2022 (cystatin C, ECMO)",
    system=compartments(2),
    typical=_kim_2022,
    etas=on(CLEARANCE, CENTRAL_VOLUME),
    omega=diagonal(0.337**2, 0.653**2),
    omega_convention="variance of eta, the square of standard deviations of 0.337 and 0.653",
    residuals={"concentration": Residual(ResidualKind.VARIANCE_SUM, additive=0.0, proportional=0.269)},
    covariates=(
        covariate("cystatin_c_gfr_ml_per_min", median=52.77),
        covariate("weight_kg", median=70.0),
        flag("ecmo", "1 on extracorporeal membrane oxygenation, else 0"),
        covariate("age_y", low=18.0),
    ),
    clinical_inputs=("weight_kg", "age_y", "male", "cystatin_c_mg_per_l"),
    derived={"cystatin_c_gfr_ml_per_min": CYSTATIN_C},
    population="38 critically ill adults, 19 of them on extracorporeal membrane oxygenation",
    citation=Citation(
        "Kim YK et al. J Antimicrob Chemother 2022;77:1353-1364",
        "10.1093/jac/dkac059",
        (ours("russlewisbo/Dosingapp models.js (numbers taken from the article's tables by its author)"),),
    ),
    conflicts=(
        "The standard deviation of the central volume's eta is 0.459 on ECMO and 0.653 off it; 0.653, the wider, is "
        "used for both.",
    ),
    unverified=(
        "Read in a single source; covariate ranges were not read.",
        "Whether the filtration rate is for 1.73 m² of body surface was not stated.",
    ),
    intended=("Intensive care where cystatin C is measured; total levels.",),
    cautioned=("Without cystatin C: a clearance from creatinine is not a stand-in.",),
)


def _roberts(chart: Mapping[str, Array]) -> dict[str, Array]:
    weight = chart["weight_kg"]
    return {
        CLEARANCE: 17.1 * weight / 70.0,
        CENTRAL_VOLUME: constant(7.2, weight),
        Q2: constant(52.0, weight),
        V2: constant(17.8, weight),
        LAG: constant(0.07, weight),
    }


ROBERTS_2010 = PopulationModel(
    id="piperacillin-roberts-2010-iov",
    version="1",
    drug="piperacillin",
    title="Roberts 2010 (variability between days)",
    system=compartments(2, intravenous_lag=True),
    typical=_roberts,
    etas=on(LAG, CLEARANCE, CENTRAL_VOLUME, V2, Q2),
    omega=diagonal(0.1747673, 0.08507985, 0.0673745, 0.429067, 0.2247455),
    omega_convention="variances of eta between patients and, for clearance and central volume, between dosing days",
    residuals={"concentration": Residual(ResidualKind.SD_SUM, additive=3.2, proportional=0.253)},
    covariates=(covariate("weight_kg", median=70.0), covariate("age_y", low=18.0)),
    clinical_inputs=("weight_kg",),
    occasions=Occasions(on(CLEARANCE, CENTRAL_VOLUME), diagonal(0.1934626, 0.05783106), 24.0),
    population="Critically ill adults; the number of patients was not read",
    citation=Citation(
        ours("Roberts JA et al. 2010, as used in posologyr's tests"),
        "",
        ("levenc/posologyr tests/testthat/test_map_iov.R",),
    ),
    unverified=(
        "Read in a single source; the DOI, the population's size and covariate ranges were not verified.",
        "The lag of 0.07 h delays infusions as well.",
    ),
    intended=("Continuous infusion in intensive care with normal kidney function; total levels.",),
    cautioned=("Impaired kidney function: the model has no measure of it.",),
)

PRACTICE = Practice(
    step_mg=1000.0,
    min_mg=2000.0,
    max_mg=8000.0,
    max_daily_mg=24000.0,
    intervals_h=(4.0, 6.0, 8.0, 12.0, 24.0),
    max_rate_mg_per_h=16000.0,
    source=ours("All limits are house settings, of piperacillin without tazobactam; confirm them with the pharmacy."),
)
BREAKPOINT = (
    "EUCAST, piperacillin and Pseudomonas aeruginosa, susceptible up to 16 mg/L (table 1 of BMC Res Notes "
    "2014;7:603, doi 10.1186/1756-0500-7-603)"
)
PIPERACILLIN = Drug(
    name="piperacillin",
    title="Piperacillin",
    models=(KIM_2016.id, KIM_2022.id, ROBERTS_2010.id),
    targets=(above(16.0, 0.91, BREAKPOINT + "; 91 % unbound as in Dosingapp (Kim 2022)"),),
    practice=PRACTICE,
    level_unit="mg/L",
)

MODELS = (KIM_2016, KIM_2022, ROBERTS_2010)
