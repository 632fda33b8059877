"""Caffeine: Perera 2013 with its metabolite paraxanthine, and Lee 2015."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.drug import Drug, Practice
from twins.pharmacology.drugs.variances import diagonal, triangle
from twins.pharmacology.drugs.vocabulary import constant, covariate
from twins.pharmacology.population import Citation, Eta, PopulationModel, on
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import ABSORPTION, CENTRAL_VOLUME, CLEARANCE, LAG, Q2, V2, compartments
from twins.pharmacology.structures.metabolite import with_metabolite
from twins.quantities.sentence import ours

Array = NDArray[np.float64]

METABOLITE = "paraxanthine"
FORMATION = f"{METABOLITE}_formation_clearance_l_per_h"
METABOLITE_CLEARANCE = f"{METABOLITE}_clearance_l_per_h"
METABOLITE_VOLUME = f"{METABOLITE}_volume_l"


def _perera(chart: Mapping[str, Array]) -> dict[str, Array]:  # noqa: ARG001  # the model has no covariate
    return {
        name: np.asarray(value)
        for name, value in {
            CLEARANCE: 4.86,
            CENTRAL_VOLUME: 31.2,
            Q2: 1.71 * 31.2,
            V2: 1.71 / 2.02 * 31.2,
            ABSORPTION: 3.65,
            LAG: 0.15,
            FORMATION: 2.73,
            METABOLITE_CLEARANCE: 3.81,
            METABOLITE_VOLUME: 24.4,
        }.items()
    }


PERERA_2013 = PopulationModel(
    id="caffeine-perera-2013",
    version="1",
    drug="caffeine",
    title="Perera 2013 (with paraxanthine)",
    system=with_metabolite(compartments(2, oral=True, lag=True), METABOLITE),
    typical=_perera,
    etas=(
        Eta(ABSORPTION),
        Eta("k12", on=((Q2, 1.0), (V2, 1.0))),
        Eta("k21", on=((V2, -1.0),)),
        Eta(CENTRAL_VOLUME, on=((CENTRAL_VOLUME, 1.0), (Q2, 1.0), (V2, 1.0))),
        *on(METABOLITE_VOLUME, LAG, FORMATION, CLEARANCE, METABOLITE_CLEARANCE),
    ),
    omega=diagonal(1.0609, 0.105625, 0.053361, 0.031329, 0.060516, 1.1449, 0.051529, 0.326041, 0.017956),
    omega_convention="variance of eta, as in the transcription; its rate constants are written as clearances and "
    "volumes, so that the volume's eta moves Q and V2 as well, and those of k12 and k21 move them too",
    residuals={
        "concentration": Residual(ResidualKind.VARIANCE_SUM, additive=0.0, proportional=float(np.sqrt(0.02))),
        METABOLITE: Residual(ResidualKind.VARIANCE_SUM, additive=0.0, proportional=0.2),
    },
    covariates=(covariate("age_y", low=18.0),),
    clinical_inputs=(),
    population="Adults after 24 h without methylxanthines; their number was not read",
    citation=Citation(
        "Perera V et al. Drug Metab Dispos 2013;41:1957-1966",
        "",
        (ours("a transcription for mrgsolve in a public repository whose name was not shown"),),
    ),
    conflicts=(
        "The transcription adds the assay's limit (0.05 mg/L) to every measured value; that is left out here.",
        "The transcription notes that the article gives the unit of the lag as 1/h.",
    ),
    unverified=(
        "Read in a single transcription; the DOI, the population's size and its ages were not verified.",
        "Caffeine and paraxanthine that were there before the dose are left out.",
        "The lower age of 18 years is a house setting.",
    ),
    intended=("CYP1A2 phenotyping in adults.",),
    cautioned=("Newborns.", "Coffee, tea and other sources besides the charted dose."),
)


def _lee(chart: Mapping[str, Array]) -> dict[str, Array]:
    weight = chart["weight_kg"]
    return {
        CLEARANCE: 0.09792 * weight,
        CENTRAL_VOLUME: 0.7219 * weight,
        ABSORPTION: constant(4.268, weight),
    }


LEE_2015 = PopulationModel(
    id="caffeine-lee-2015",
    version="1",
    drug="caffeine",
    title="Lee 2015",
    system=compartments(1, oral=True),
    typical=_lee,
    etas=on(CLEARANCE, CENTRAL_VOLUME, ABSORPTION),
    omega=triangle((0.1599,), (0.06095, 0.04746), (0.0965, 0.01359, 1.004)),
    omega_convention="variances and covariances of eta, as in the package's data",
    residuals={},
    covariates=(covariate("weight_kg"),),
    clinical_inputs=("weight_kg",),
    population="The population was not read in the package",
    citation=Citation(
        "Lee, Kim, Perera, McLachlan, Bae. Eur J Pediatr 2015;174:1671-1678",
        "10.1007/s00431-015-2581-x",
        (ours("asancpt/caffsim R/caffPkparam.R and R/sysdata.rda"),),
    ),
    unverified=(
        "The residual error is not in the package: none ships, and levels cannot be fitted.",
        "The population and the covariate ranges were not read.",
    ),
    intended=("Simulation of drinks and tablets.",),
    cautioned=("Not for fitting levels.", "Newborns."),
)

CAFFEINE = Drug(
    name="caffeine",
    title="Caffeine",
    models=(PERERA_2013.id, LEE_2015.id),
    targets=(),
    practice=Practice(
        step_mg=20.0,
        min_mg=20.0,
        max_mg=400.0,
        max_daily_mg=800.0,
        intervals_h=(6.0, 8.0, 12.0, 24.0),
        max_rate_mg_per_h=1000.0,
        source=ours("All limits are house settings. No target could be cited for the people that these models are of."),
    ),
    level_unit="mg/L",
)

MODELS = (PERERA_2013, LEE_2015)
