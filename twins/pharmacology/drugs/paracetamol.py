"""Paracetamol with cerebrospinal fluid: Anderson 1998."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.drug import Drug, Practice
from twins.pharmacology.drugs.variances import logarithmic
from twins.pharmacology.drugs.vocabulary import constant, covariate
from twins.pharmacology.population import Citation, PopulationModel, on
from twins.pharmacology.structure import ABSORPTION, CENTRAL_VOLUME, CLEARANCE, KE0, compartments
from twins.pharmacology.structures.effect import effect_site
from twins.quantities.sentence import ours

Array = NDArray[np.float64]

RATIO = "csf_plasma_ratio"


def _anderson(chart: Mapping[str, Array]) -> dict[str, Array]:
    size = chart["weight_kg"] / 70.0
    return {
        CLEARANCE: 10.2 * size**0.75,
        CENTRAL_VOLUME: 67.1 * size,
        ABSORPTION: constant(0.77, size),
        KE0: np.log(2.0) / (0.72 * size**0.25),
        RATIO: constant(1.18, size),
    }


ANDERSON_1998 = PopulationModel(
    id="paracetamol-anderson-1998",
    version="1",
    drug="paracetamol",
    title="Anderson 1998",
    system=effect_site(compartments(1, oral=True), name="csf", ratio=RATIO),
    typical=_anderson,
    etas=on(ABSORPTION, CLEARANCE, CENTRAL_VOLUME, KE0, RATIO),
    omega=logarithmic(49.0, 47.0, 58.0, 117.0, 8.0),
    omega_convention="variance of eta as ln(1 + CV²), from 49, 47, 58, 117 and 8 % CV, as nlmixr2lib converts them; "
    "the "
    "CV of the equilibration's half-life is that of its rate",
    residuals={},
    covariates=(covariate("weight_kg", 8.0, 50.0, 20.0), covariate("age_y", 5.0 / 12.0, 12.0, 5.0)),
    clinical_inputs=("weight_kg",),
    population="9 ventilated children with raised intracranial pressure, one dose of 40 mg/kg by nasogastric tube",
    citation=Citation(
        "Anderson BJ et al. Br J Clin Pharmacol 1998;46:237-243",
        "10.1046/j.1365-2125.1998.00780.x",
        ("nlmixr2/nlmixr2lib inst/modeldb/specificDrugs/Anderson_1998_paracetamol.R",),
    ),
    conflicts=(
        "A collection of this model's numbers lists rectal doses; the source's children had nasogastric elixir alone, "
        "and only doses by mouth are taken here.",
    ),
    unverified=(
        "The residual error of the article cannot be read as one of concentrations: none ships, and levels cannot be "
        "fitted.",
        "Covariances of the etas exist but are not reported.",
    ),
    intended=("Simulation of plasma and cerebrospinal fluid after elixir.",),
    cautioned=("Nine children: low evidence.", "Not for overdoses.", "Suppositories."),
)

PARACETAMOL = Drug(
    name="paracetamol",
    title="Paracetamol",
    models=(ANDERSON_1998.id,),
    targets=(),
    practice=Practice(
        step_mg=50.0,
        min_mg=50.0,
        max_mg=1000.0,
        max_daily_mg=4000.0,
        intervals_h=(4.0, 6.0, 8.0),
        max_rate_mg_per_h=4000.0,
        source=ours("All limits are house settings; confirm them with the pharmacy. No target could be cited."),
    ),
    level_unit="mg/L",
)

MODELS = (ANDERSON_1998,)
