"""Voriconazole: Friberg 2012, one model for each of its three populations."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.drug import Drug, Practice
from twins.pharmacology.drugs.variances import diagonal
from twins.pharmacology.drugs.vocabulary import constant, covariate, flag
from twins.pharmacology.population import Citation, Eta, Link, PopulationModel
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import ABSORPTION, BIOAVAILABILITY, CENTRAL_VOLUME, CLEARANCE, LAG, Q2, V2
from twins.pharmacology.structures.saturable import michaelis_menten
from twins.pharmacology.target import Metric, Target
from twins.quantities.sentence import ours
from twins.samples.channel import Channel

Array = NDArray[np.float64]

VMAX, KM = "maximum_elimination_mg_per_h", "half_saturation_mg_per_l"
INHIBITION, T50, FIRST = "greatest_inhibition", "half_inhibition_h", "first_dose_h"
SYSTEM = michaelis_menten(2, linear=True, oral=True, lag=True, bioavailability=True, inhibited=True)


def _expit(x: float) -> float:
    return 1.0 / (1.0 + float(np.exp(-x)))


def _shared(chart: Mapping[str, Array]) -> dict[str, Array]:
    """What is alike in all three populations."""
    size = chart["weight_kg"] / 70.0
    return {
        VMAX: 114.0 * size**0.75,
        KM: constant(1.15, size),
        CLEARANCE: 6.16 * size**0.75,
        CENTRAL_VOLUME: 79.0 * size,
        Q2: 15.5 * size**0.75,
        V2: 103.0 * size,
        BIOAVAILABILITY: constant(_expit(0.585), size),
        T50: constant(2.41, size),
        FIRST: chart[FIRST],
    }


def _adults(chart: Mapping[str, Array]) -> dict[str, Array]:
    found, like = _shared(chart), chart["weight_kg"]
    return found | {
        ABSORPTION: constant(100.0, like),
        LAG: constant(0.949, like),
        INHIBITION: np.where(chart["cyp2c19_reduced"] > 0.5, 1.0, _expit(1.50)),
    }


def _young(chart: Mapping[str, Array], absorption: float, logit: float) -> dict[str, Array]:
    found, like = _shared(chart), chart["weight_kg"]
    return found | {
        Q2: found[Q2] * (1.0 + 0.637),
        ABSORPTION: constant(absorption, like),
        LAG: constant(0.949 * (1.0 - 0.874), like),
        INHIBITION: constant(_expit(logit), like),
    }


def _adolescents(chart: Mapping[str, Array]) -> dict[str, Array]:
    return _young(chart, 1.19 * (1.0 - 0.615), 1.50)


def _children(chart: Mapping[str, Array]) -> dict[str, Array]:
    return _young(chart, 1.19, 1.50 - 0.390)


def _etas(*saturable: Eta, young: bool) -> tuple[Eta, ...]:
    """Those of saturable elimination, then the rest; in the young that of clearance counts 1 + 1.70 times."""
    return (
        *saturable,
        Eta(CLEARANCE, on=((CLEARANCE, 2.70 if young else 1.0),)),
        Eta(CENTRAL_VOLUME),
        Eta(V2),
        Eta(Q2),
        Eta(BIOAVAILABILITY, box_cox=0.367),
        *((Eta(ABSORPTION),) if young else ()),
    )


def _omega(*, own_vmax: bool, young: bool) -> Array:
    shared, own = 1.36, 0.239
    first = (shared**2, own**2) if own_vmax else (shared**2,)
    rest = (0.435**2, 0.136**2, 0.769**2, 0.424**2, *((1.67**2, 0.898**2) if young else (0.686**2,)))
    matrix = diagonal(*first, *rest)
    if own_vmax:
        matrix[0, 1] = matrix[1, 0] = 0.81 * shared * own
    return matrix


_CONVENTION = (
    "variance of eta, the square of the article's standard deviations; one eta of Km (1.36) also moves Vmax by {}"
)
_CITATION = Citation(
    "Friberg LE et al. Antimicrob Agents Chemother 2012;56:3032-3042",
    "10.1128/AAC.05761-11",
    (
        "nlmixr2/nlmixr2lib inst/modeldb/specificDrugs/Friberg_2012_voriconazole.R",
        "InsightRX/PKPDsim inst/models/pk_voriconazole_friberg.json5",
        "FelicienLL/mapbayr-CPTPSP-2021 nonmem code/run962.mod",
    ),
)
_CONFLICTS = (
    "Bioavailability: nlmixr2lib and PKPDsim take 0.585 as a logit (64 %), as here; mapbayr's run962 takes the logit "
    "of 0.585.",
    "mapbayr's run962 enters these standard deviations as variances: that file does not ship.",
    "PKPDsim lowers Vmax and Km by 38.2 % in all children and simplifies the variability; the article does so in its "
    "study 1 alone, which is left out here.",
)
_ROUNDS = "The variability of the residual error between patients (0.456) is left out."

ADULTS = PopulationModel(
    id="voriconazole-friberg-2012",
    version="1",
    drug="voriconazole",
    title="Friberg 2012 (adults)",
    system=SYSTEM,
    typical=_adults,
    etas=_etas(Eta(KM, on=((KM, 1.0), (VMAX, 0.584))), young=False),
    omega=_omega(own_vmax=False, young=False),
    omega_convention=_CONVENTION.format("0.584 of it"),
    residuals={"concentration": Residual(ResidualKind.LOG, additive=float(np.hypot(0.0912, 0.132)), proportional=0.0)},
    covariates=(
        covariate("weight_kg", 49.0, 97.0, 76.0),
        covariate("age_y", 22.0, 55.0, 34.0),
        flag("cyp2c19_reduced", "1 with one or two loss-of-function alleles of CYP2C19, else 0"),
    ),
    clinical_inputs=("weight_kg",),
    links={BIOAVAILABILITY: Link.LOGIT},
    population="35 healthy adults, 760 concentrations, of 173 people in five studies",
    citation=_CITATION,
    conflicts=(
        *_CONFLICTS,
        "The residual is 0.0912 after intravenous and 0.160 after oral doses, on the log scale; 0.160 is used for "
        "both.",
    ),
    unverified=("Without a genotype on the chart normal CYP2C19 is assumed.",),
    intended=("Adults, intravenously and by mouth.",),
    cautioned=("The adults were healthy volunteers: patients vary more.", "Inhibitors and inducers of CYP enzymes."),
)

ADOLESCENTS = PopulationModel(
    id="voriconazole-friberg-2012-adolescent",
    version="1",
    drug="voriconazole",
    title="Friberg 2012 (12 to 16 years)",
    system=SYSTEM,
    typical=_adolescents,
    etas=_etas(Eta(KM, on=((KM, 1.0), (VMAX, 0.208))), young=True),
    omega=_omega(own_vmax=False, young=True),
    omega_convention=_CONVENTION.format("0.208 of it; the eta of clearance (0.435) counts 2.70 times"),
    residuals={"concentration": Residual(ResidualKind.LOG, additive=0.365, proportional=0.0)},
    covariates=(covariate("weight_kg", 30.4, 92.2, 57.1), covariate("age_y", 12.0, 17.0, 13.0)),
    clinical_inputs=("weight_kg",),
    links={BIOAVAILABILITY: Link.LOGIT},
    population="26 adolescents with weakened defences, 554 concentrations, of 173 people in five studies",
    citation=_CITATION,
    conflicts=_CONFLICTS,
    unverified=(_ROUNDS,),
    intended=("Adolescents from 12 to 16 years.",),
    cautioned=("Inhibitors and inducers of CYP enzymes.",),
)

CHILDREN = PopulationModel(
    id="voriconazole-friberg-2012-child",
    version="1",
    drug="voriconazole",
    title="Friberg 2012 (2 to 11 years)",
    system=SYSTEM,
    typical=_children,
    etas=_etas(Eta(KM), Eta(VMAX), young=True),
    omega=_omega(own_vmax=True, young=True),
    omega_convention=_CONVENTION.format(
        "an eta of its own (0.239), correlated with it by 0.81; the eta of clearance (0.435) counts 2.70 times"
    ),
    residuals={"concentration": Residual(ResidualKind.LOG, additive=0.365, proportional=0.0)},
    covariates=(covariate("weight_kg", 10.8, 54.9, 20.1), covariate("age_y", 2.0, 12.0, 5.0)),
    clinical_inputs=("weight_kg",),
    links={BIOAVAILABILITY: Link.LOGIT},
    population="The children with weakened defences, 2022 concentrations, among 173 people in five studies",
    citation=_CITATION,
    conflicts=(
        *_CONFLICTS,
        "The residual differs by study: 0.593, 0.425 and 0.365 on the log scale; that of studies 3 and 4 is used.",
    ),
    unverified=(_ROUNDS,),
    intended=("Children from 2 to 11 years.",),
    cautioned=("Below 2 years.", "Inhibitors and inducers of CYP enzymes."),
)

VORICONAZOLE = Drug(
    name="voriconazole",
    title="Voriconazole",
    models=(ADULTS.id, ADOLESCENTS.id, CHILDREN.id),
    targets=(
        Target(
            "trough 1–5.5 mg/L",
            1.0,
            5.5,
            "generally recommended range as quoted by Yi WM et al. Ann Clin Microbiol Antimicrob 2017;16:60, doi "
            "10.1186/s12941-017-0235-8",
            Metric.TROUGH,
            "mg/L",
            harm="nerves and liver",
        ),
    ),
    practice=Practice(
        step_mg=50.0,
        min_mg=50.0,
        max_mg=600.0,
        max_daily_mg=1200.0,
        intervals_h=(8.0, 12.0, 24.0),
        max_rate_mg_per_h=300.0,
        source=ours(
            "At most some 3 mg/kg in an hour intravenously, as the studies of Friberg 2012 infused; all other "
            "limits "
            "are house settings. Confirm them with the pharmacy."
        ),
    ),
    level_unit="mg/L",
    level_channel=Channel.VORICONAZOLE,
)

MODELS = (ADULTS, ADOLESCENTS, CHILDREN)
