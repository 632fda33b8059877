"""Phenobarbital in newborns: Grasela 1985, with the estimates of its refit."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.drug import Drug, Practice
from twins.pharmacology.drugs.variances import diagonal
from twins.pharmacology.drugs.vocabulary import covariate, flag
from twins.pharmacology.population import Citation, PopulationModel, on
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import CENTRAL_VOLUME, CLEARANCE, compartments
from twins.pharmacology.target import Metric, Target
from twins.quantities.sentence import ours
from twins.samples.channel import Channel

Array = NDArray[np.float64]


def _grasela(chart: Mapping[str, Array]) -> dict[str, Array]:
    weight = chart["weight_kg"]
    return {
        CLEARANCE: 0.00469555 * weight,
        CENTRAL_VOLUME: 0.984258 * weight * (1.0 + 0.15892 * chart["apgar_below_5"]),
    }


GRASELA_1985 = PopulationModel(
    id="phenobarbital-grasela-1985",
    version="1",
    drug="phenobarbital",
    title="Grasela 1985 (refitted)",
    system=compartments(1),
    typical=_grasela,
    etas=on(CLEARANCE, CENTRAL_VOLUME),
    omega=diagonal(0.0293508, 0.027906),
    omega_convention="variance of eta of the NONMEM refit",
    residuals={
        "concentration": Residual(ResidualKind.VARIANCE_SUM, additive=0.0, proportional=float(np.sqrt(0.013241)))
    },
    covariates=(
        covariate("weight_kg", 0.6, 3.62, 1.52),
        flag("apgar_below_5", "1 with an Apgar score below 5 at 5 minutes, else 0"),
        covariate("age_y", high=1.0 / 12.0, meaning="age; the source's patients were newborns"),
    ),
    clinical_inputs=("weight_kg",),
    population="59 newborns, gestation 24 to 42 weeks, birth weight 0.6 to 3.62 kg",
    citation=Citation(
        "Grasela TH, Donn SM. Dev Pharmacol Ther 1985;8:374-383",
        "10.1159/000457062",
        (
            ours("pharmpy/pharmpy tests/testdata/nonmem/pheno (refit of the same data)"),
            "nlmixr2/nlmixr2lib inst/modeldb/specificDrugs/Grasela_1985_phenobarbital.R",
        ),
    ),
    conflicts=(
        "The article's abstract has 0.0047 L/h/kg, 0.96 L/kg, 13 % more with a low Apgar score, and 19 and 16 % CV; "
        "the "
        "refit has 0.00470, 0.984, 15.9 %, and variances of 0.0294 and 0.0279. The refit is used, as it has a "
        "residual.",
    ),
    unverified=("The article's own residual was not read.", "The upper age of one month is a house setting."),
    intended=("Newborns, preterm and term, intravenously.",),
    cautioned=("Therapeutic hypothermia.", "Doses by mouth: no absorption."),
)

PHENOBARBITAL = Drug(
    name="phenobarbital",
    title="Phenobarbital",
    models=(GRASELA_1985.id,),
    targets=(
        Target(
            "average 15–40 mg/L",
            15.0,
            40.0,
            "therapeutic range as quoted in J Perinatol 1988;8:318-320 (PubMed 3236100); above 40 mg/L little is "
            "gained, "
            "Pediatrics 1989;83:674-678 (PubMed 2717283); DOIs not verified",
            Metric.AVERAGE,
            "mg/L",
            harm="sedation",
        ),
    ),
    practice=Practice(
        step_mg=1.0,
        min_mg=1.0,
        max_mg=80.0,
        max_daily_mg=100.0,
        intervals_h=(12.0, 24.0),
        max_rate_mg_per_h=240.0,
        source=ours("All limits are house settings, for newborns; confirm them with the pharmacy."),
    ),
    level_unit="mg/L",
    level_channel=Channel.PHENOBARBITAL,
)

MODELS = (GRASELA_1985,)
