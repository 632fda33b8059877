"""Cefepime: An 2023 and Jonckheere 2019."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.drug import Drug, Practice
from twins.pharmacology.drugs.beta_lactams import above
from twins.pharmacology.drugs.derivations import JAMES
from twins.pharmacology.drugs.variances import squared
from twins.pharmacology.drugs.vocabulary import RENAL_INPUTS, constant, covariate
from twins.pharmacology.population import Citation, PopulationModel, on
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import CENTRAL_VOLUME, CLEARANCE, Q2, V2, compartments
from twins.quantities.sentence import ours

Array = NDArray[np.float64]

RENAL, OTHER = "renal_clearance_l_per_h", "other_clearance_l_per_h"


def _an(chart: Mapping[str, Array]) -> dict[str, Array]:
    lean = np.maximum(chart["lean_body_weight_kg"], 30.0)
    sex = np.where(chart["male"] > 0.5, 1.0, 0.85)
    kidney = (140.0 - chart["age_y"]) * lean * sex / (72.0 * chart["creatinine_mg_per_dl"])
    return {
        CLEARANCE: 2.00 * kidney / 54.0 + 0.526,
        CENTRAL_VOLUME: 13.4 * chart["weight_kg"] / 90.0,
        Q2: constant(12.0, kidney),
        V2: constant(7.52, kidney),
    }


AN_2023 = PopulationModel(
    id="cefepime-an-2023",
    version="1",
    drug="cefepime",
    title="An 2023",
    system=compartments(2),
    typical=_an,
    etas=on(CLEARANCE, CENTRAL_VOLUME, V2),
    omega=squared(29.9, 65.4, 17.3),
    omega_convention="variance of eta as CV², from 29.9, 65.4 and 17.3 % CV, as PKPDsim has it",
    residuals={"concentration": Residual(ResidualKind.VARIANCE_SUM, additive=6.44, proportional=0.224)},
    covariates=(
        covariate("lean_body_weight_kg", meaning="lean body weight by James, below 30 kg set to 30"),
        covariate("weight_kg", median=90.0),
        covariate("age_y", low=18.0, median=65.0),
        covariate("height_cm"),
        covariate("male"),
        covariate("creatinine_mg_per_dl"),
    ),
    clinical_inputs=(*RENAL_INPUTS, "height_cm"),
    derived={"lean_body_weight_kg": JAMES},
    population="130 adults, 278 concentrations; quarter to three quarters: 70 to 110 kg, 52 to 72 years, 52 to "
    "126 mL/min",
    citation=Citation(
        "An G et al. J Antimicrob Chemother 2023;78:1460",
        "",
        ("InsightRX/PKPDsim inst/models/pk_cefepime_an.json5",),
    ),
    unverified=(
        "Read in a single file; the DOI was not verified, and full ranges were not stated.",
        "How the two residual terms combine was not stated; their variances are added here.",
        "The creatinine clearance inside the model is Cockcroft-Gault on lean body weight; a charted clearance is not "
        "used.",
    ),
    intended=("Adults in hospital.",),
    cautioned=("Kidney replacement therapy.", "A man much heavier than tall: James' equation falls again."),
)


def _jonckheere(chart: Mapping[str, Array]) -> dict[str, Array]:
    kidney = chart["creatinine_clearance_ml_per_min"]
    size = chart["weight_kg"] / 70.0
    return {
        RENAL: 2.29 * (kidney / 60.0) ** 0.943 * size**0.75,
        OTHER: 0.795 * size**0.75,
        CENTRAL_VOLUME: 10.7 * size,
        Q2: 11.0 * size**0.75,
        V2: 12.2 * size,
    }


JONCKHEERE_2019 = PopulationModel(
    id="cefepime-jonckheere-2019",
    version="1",
    drug="cefepime",
    title="Jonckheere 2019",
    system=compartments(2),
    typical=_jonckheere,
    etas=on(RENAL, CENTRAL_VOLUME, OTHER),
    omega=squared(24.6, 45.7, 69.4),
    omega_convention="variance of eta as CV², from 24.6, 45.7 and 69.4 % CV: the article's footnote defines its CV as "
    "the square root of omega²",
    residuals={"concentration": Residual(ResidualKind.VARIANCE_SUM, additive=0.0, proportional=0.128)},
    covariates=(
        covariate("creatinine_clearance_ml_per_min", median=50.4),
        covariate("weight_kg", median=76.0),
        covariate("age_y", low=18.0, median=76.0),
    ),
    clinical_inputs=RENAL_INPUTS,
    sums={CLEARANCE: (RENAL, OTHER)},
    population="21 critically ill adults on continuous infusion; quarter to three quarters: 72 to 78 years, 67 to "
    "86 kg, 29.1 to 100 mL/min",
    citation=Citation(
        "Jonckheere S et al. Antimicrob Agents Chemother 2020;64:e01552-19",
        "10.1128/AAC.01552-19",
        ("nlmixr2/nlmixr2lib inst/modeldb/specificDrugs/Jonckheere_2019_cefepime.R",),
    ),
    conflicts=(
        "Two residual errors are reported: 31.8 % in the earlier study and 12.8 % in the later one, which is used.",
    ),
    unverified=("Full ranges were not stated in what was read, only quartiles.",),
    intended=("Continuous infusion in intensive care.",),
    cautioned=(
        "Few patients: low evidence.",
        "On intermittent haemodialysis the article has no renal clearance and adds 4.48 L/h during sessions: chart a "
        "clearance near 0 and the sessions.",
    ),
)

CEFEPIME = Drug(
    name="cefepime",
    title="Cefepime",
    models=(AN_2023.id, JONCKHEERE_2019.id),
    targets=(
        above(
            8.0,
            0.85,
            "EUCAST, cefepime and Pseudomonas, susceptible up to 8 mg/L (table 5 of PMC2633657); 85 % unbound as in "
            "Dosingapp (Nicasio 2009, doi 10.1128/AAC.01141-08)",
        ),
    ),
    practice=Practice(
        step_mg=500.0,
        min_mg=500.0,
        max_mg=2000.0,
        max_daily_mg=6000.0,
        intervals_h=(6.0, 8.0, 12.0, 24.0),
        max_rate_mg_per_h=4000.0,
        source=ours("All limits are house settings (2000 mg in half an hour); confirm them with the pharmacy."),
    ),
    level_unit="mg/L",
)

MODELS = (AN_2023, JONCKHEERE_2019)
