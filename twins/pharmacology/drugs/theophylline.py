"""Theophylline: Yano 1993."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.drug import Drug, Practice
from twins.pharmacology.drugs.variances import logarithmic
from twins.pharmacology.drugs.vocabulary import covariate, flag
from twins.pharmacology.population import Citation, PopulationModel, on
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import CENTRAL_VOLUME, CLEARANCE, compartments
from twins.pharmacology.target import Metric, Target
from twins.quantities.sentence import ours

Array = NDArray[np.float64]


def _yano(chart: Mapping[str, Array]) -> dict[str, Array]:
    weight, carbon_dioxide = chart["weight_kg"], chart["arterial_co2_mmhg"]
    return {
        CLEARANCE: weight * np.exp(-3.78 - 0.525 * chart["hepatic_dysfunction"] + 0.0233 * carbon_dioxide),
        CENTRAL_VOLUME: weight * np.exp(-1.12 + 0.00934 * carbon_dioxide),
    }


YANO_1993 = PopulationModel(
    id="theophylline-yano-1993",
    version="1",
    drug="theophylline",
    title="Yano 1993",
    system=compartments(1),
    typical=_yano,
    etas=on(CLEARANCE, CENTRAL_VOLUME),
    omega=logarithmic(38.5, 12.5),
    omega_convention="variance of eta as ln(1 + CV²), from 38.5 and 12.5 % CV, as nlmixr2lib converts them; the "
    "article "
    "itself has proportional errors of the parameters",
    residuals={"concentration": Residual(ResidualKind.VARIANCE_SUM, additive=0.0, proportional=0.106)},
    covariates=(
        covariate("weight_kg", 28.0, 77.0, 49.3),
        covariate(
            "arterial_co2_mmhg", 31.0, 71.0, 42.5, unit="mm[Hg]", meaning="carbon dioxide tension of arterial blood"
        ),
        flag("hepatic_dysfunction", "1 with liver dysfunction or ALT or AST above 30 IU/L, else 0"),
        covariate("age_y", 22.0, 80.0, 59.0),
    ),
    clinical_inputs=("weight_kg", "arterial_co2_mmhg"),
    population="55 Japanese adults with stable chronic airway obstruction, 276 concentrations",
    citation=Citation(
        "Yano I et al. Biol Pharm Bull 1993;16:501-505",
        "10.1248/bpb.16.501",
        ("nlmixr2/nlmixr2lib inst/modeldb/specificDrugs/Yano_1993_theophylline.R",),
    ),
    conflicts=(
        "The binary covariate HF is liver dysfunction in nlmixr2lib, which quotes the article; a collection of this "
        "model's numbers calls it heart failure. Liver dysfunction is used.",
    ),
    unverified=("Read in a single source.",),
    intended=("Adults with chronic airway obstruction, intravenously; doses are of theophylline, not aminophylline.",),
    cautioned=("Smokers and heart failure: the model has no effect of either.", "Oral doses: no absorption."),
)

THEOPHYLLINE = Drug(
    name="theophylline",
    title="Theophylline",
    models=(YANO_1993.id,),
    targets=(
        Target(
            "average 10–20 mg/L",
            10.0,
            20.0,
            "usual therapeutic range as quoted by Holford N et al. Clin Pharmacokinet 1993;25:495-505, whose trial "
            "found "
            "10 mg/L as effective as 20 and safer (DOI not verified)",
            Metric.AVERAGE,
            "mg/L",
            harm="heart rhythm and seizures",
        ),
    ),
    practice=Practice(
        step_mg=50.0,
        min_mg=50.0,
        max_mg=500.0,
        max_daily_mg=1200.0,
        intervals_h=(6.0, 8.0, 12.0, 24.0),
        max_rate_mg_per_h=800.0,
        source=ours("All limits are house settings; confirm them with the pharmacy."),
    ),
    level_unit="mg/L",
)

MODELS = (YANO_1993,)
