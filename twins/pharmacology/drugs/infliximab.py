"""Infliximab: Fasanmade 2009."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.drug import Drug, Practice
from twins.pharmacology.drugs.variances import diagonal
from twins.pharmacology.drugs.vocabulary import constant, covariate, flag
from twins.pharmacology.population import Citation, PopulationModel, on
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import CENTRAL_VOLUME, CLEARANCE, Q2, V2, compartments
from twins.pharmacology.target import Metric, Target
from twins.quantities.sentence import ours

Array = NDArray[np.float64]

DAY_H = 24.0


def _fasanmade(chart: Mapping[str, Array]) -> dict[str, Array]:
    albumin, female = chart["albumin_g_per_l"] / 10.0, 1.0 - chart["male"]
    return {
        CLEARANCE: 0.407
        / DAY_H
        * (albumin / 4.1) ** -1.54
        * (1.0 + 0.471 * chart["antibodies_to_infliximab"])
        * (1.0 - 0.236 * female),
        CENTRAL_VOLUME: 3.29 * (chart["weight_kg"] / 77.0) ** 0.538 * (1.0 - 0.137 * female),
        Q2: constant(7.14 / DAY_H, albumin),
        V2: constant(4.13, albumin),
    }


FASANMADE_2009 = PopulationModel(
    id="infliximab-fasanmade-2009",
    version="1",
    drug="infliximab",
    title="Fasanmade 2009",
    system=compartments(2),
    typical=_fasanmade,
    etas=on(CLEARANCE, CENTRAL_VOLUME),
    omega=diagonal(0.131, 0.048),
    omega_convention="variance of eta, as the article tabulates it",
    residuals={"concentration": Residual(ResidualKind.VARIANCE_SUM, additive=0.0413, proportional=0.403)},
    covariates=(
        covariate("albumin_g_per_l", median=41.0),
        flag("antibodies_to_infliximab", "1 with antibodies to infliximab, else 0"),
        covariate("male"),
        covariate("weight_kg", 36.0, 159.0, 77.0),
        covariate("age_y", 18.0, 75.0, 41.0),
    ),
    clinical_inputs=("male", "weight_kg", "albumin_g_per_l"),
    population="482 adults with moderate to severe ulcerative colitis (ACT 1 and ACT 2)",
    citation=Citation(
        "Fasanmade AA et al. Eur J Clin Pharmacol 2009;65:1211-1228",
        "10.1007/s00228-009-0718-4",
        ("nlmixr2/nlmixr2lib inst/modeldb/specificDrugs/Fasanmade_2009_infliximab.R",),
    ),
    unverified=(
        "How the two residual terms combine was not read in the article; their variances are added here.",
        "The range of albumin was not read.",
    ),
    intended=("Adults with ulcerative colitis, 5 to 10 mg/kg over 2 h.",),
    cautioned=("Crohn's disease and children.", "Without a record of antibodies none are assumed."),
)

INFLIXIMAB = Drug(
    name="infliximab",
    title="Infliximab",
    models=(FASANMADE_2009.id,),
    targets=(
        Target(
            "trough above 7.5 mg/L",
            7.5,
            float("inf"),
            "threshold of endoscopic healing in ulcerative colitis, Papamichael K et al. Aliment Pharmacol Ther "
            "2018;47:478-484, doi 10.1111/apt.14458; on monitoring see the guideline of the American "
            "Gastroenterological Association, doi 10.1053/j.gastro.2017.07.032",
            Metric.TROUGH,
            "mg/L",
        ),
    ),
    practice=Practice(
        step_mg=100.0,
        min_mg=100.0,
        max_mg=1500.0,
        max_daily_mg=1500.0,
        intervals_h=(336.0, 672.0, 1008.0, 1344.0),
        max_rate_mg_per_h=750.0,
        source=ours(
            "Intervals of 2 to 8 weeks and an infusion over 2 h as in the trials of the source; steps of 100 mg "
            "and the "
            "greatest dose is a house setting. Confirm them with the pharmacy."
        ),
    ),
    level_unit="mg/L",
)

MODELS = (FASANMADE_2009,)
