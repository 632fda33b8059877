"""Busulfan: Shukla 2020, McCune 2014 and Long-Boyle 2015."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.drug import Drug, Practice
from twins.pharmacology.drugs.derivations import FAT_FREE_MASS, FAT_FREE_MASS_OF_ALL_AGES
from twins.pharmacology.drugs.variances import correlated, logarithmic, squared, triangle
from twins.pharmacology.drugs.vocabulary import constant, covariate, flag
from twins.pharmacology.population import Citation, Occasions, PopulationModel, on
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import CENTRAL_VOLUME, CLEARANCE, Q2, V2, compartments
from twins.pharmacology.structures.saturable import michaelis_menten
from twins.pharmacology.target import Metric, Target
from twins.quantities.sentence import ours

Array = NDArray[np.float64]

UNIT, SCALE = "ng/mL", 1000.0
VMAX, KM = "maximum_elimination_mg_per_h", "half_saturation_mg_per_l"
HOURS = "hours_since_first_dose"


def _shukla(chart: Mapping[str, Array]) -> dict[str, Array]:
    size = chart["fat_free_mass_kg"] / 12.0
    ripening = 0.451 + 0.549 * (1.0 - np.exp(-1.37 * chart["age_y"]))
    later = np.where(chart[HOURS] >= 24.0, 1.0 - 0.135, 1.0)
    return {
        CLEARANCE: 3.96 * size**0.75 * ripening * (1.0 - 0.20 * chart["fludarabine"]) * later,
        CENTRAL_VOLUME: 10.8 * size,
    }


SHUKLA_2020 = PopulationModel(
    id="busulfan-shukla-2020",
    version="1",
    drug="busulfan",
    title="Shukla 2020",
    system=compartments(1, unit=UNIT, scale=SCALE),
    typical=_shukla,
    etas=on(CLEARANCE, CENTRAL_VOLUME),
    omega=triangle((0.0595,), (0.0323, 0.0293)),
    omega_convention="variances and covariance of eta, as PKPDsim has them; between days CV², from 12.88 and 13.34 %",
    residuals={"concentration": Residual(ResidualKind.VARIANCE_SUM, additive=22.2, proportional=0.106)},
    covariates=(
        covariate("fat_free_mass_kg", median=12.0),
        covariate("age_y", low=0.0),
        covariate("weight_kg"),
        flag("fludarabine", "1 with fludarabine in the conditioning, else 0"),
        covariate(HOURS, low=0.0),
    ),
    clinical_inputs=("age_y", "male", "weight_kg", "height_cm"),
    derived={"fat_free_mass_kg": FAT_FREE_MASS_OF_ALL_AGES},
    occasions=Occasions(on(CLEARANCE, CENTRAL_VOLUME), squared(12.88, 13.34), 24.0),
    steps_h=(24.0,),
    population="Children and young adults before a stem-cell transplantation; the number of patients was not read",
    citation=Citation(
        "Shukla P et al. Front Pharmacol 2020;11:888",
        "10.3389/fphar.2020.00888",
        (
            "InsightRX/PKPDsim inst/models/pk_busulfan_shukla.json5",
            ours("InsightRX/mipdeval inst/extdata/nm_busulfan.csv and busulfan_shukla.csv"),
        ),
    ),
    unverified=(
        "That the conditioning covariate is fludarabine is to be checked; the file calls it REGI.",
        "Population size and covariate ranges were not read.",
        "Clearance falls by 13.5 % at 24 h after the first dose; the file says after, not at, 24 h.",
    ),
    intended=("Children and young adults, intravenously.",),
    cautioned=("Older adults.",),
)


def _mccune(chart: Mapping[str, Array]) -> dict[str, Array]:
    lean, weight = chart["fat_free_mass_kg"], chart["weight_kg"]
    fat = weight - lean
    size = (lean + 0.509 * fat) / 70.0
    volume = (lean + 0.203 * fat) / 70.0 * np.where(chart["male"] > 0.5, 1.0, 1.07)
    weeks = chart["age_y"] * 52.1775 + 40.0
    ripening = 1.0 / (1.0 + (weeks / 45.7) ** -2.3)
    later = np.where(chart[HOURS] >= 36.0, 0.919, np.where(chart[HOURS] >= 6.0, 0.932, 1.0))
    return {
        CLEARANCE: 11.4 * size**0.75 * ripening * later,
        CENTRAL_VOLUME: 13.9 * volume,
        Q2: 135.2 * size**0.75,
        V2: 29.9 * volume,
    }


MCCUNE_2014 = PopulationModel(
    id="busulfan-mccune-2014",
    version="1",
    drug="busulfan",
    title="McCune 2014",
    system=compartments(2, unit=UNIT, scale=SCALE),
    typical=_mccune,
    etas=on(CLEARANCE, CENTRAL_VOLUME, Q2, V2),
    omega=triangle((0.0459,), (0.0172, 0.152), (0.0681, 0.097, 0.814), (0.0115, -0.00924, 0.069, 0.00932)),
    omega_convention="variances and covariances of eta, as PKPDsim has them; between days CV², from 11.3 and 22.4 %",
    residuals={"concentration": Residual(ResidualKind.VARIANCE_SUM, additive=27.0, proportional=0.0387)},
    covariates=(
        covariate("fat_free_mass_kg"),
        covariate("age_y", 0.1, 66.0),
        covariate("weight_kg"),
        covariate("male"),
        covariate(HOURS, low=0.0),
    ),
    clinical_inputs=("age_y", "male", "weight_kg", "height_cm"),
    derived={"fat_free_mass_kg": FAT_FREE_MASS},
    occasions=Occasions(on(CLEARANCE, CENTRAL_VOLUME), squared(11.3, 22.4), 24.0),
    steps_h=(6.0, 36.0),
    population="1610 recipients of stem cells, 0.1 to 66 years, 12 380 concentrations",
    citation=Citation(
        "McCune JS et al. Clin Cancer Res 2014;20:754-763 (PubMed 24218510)",
        "",
        (
            "InsightRX/PKPDsim inst/models/pk_busulfan_mccune.json5",
            ours("aacrjournals.org/clincancerres/article/20/3/754 (abstract: population)"),
        ),
    ),
    conflicts=(
        "The abstract's clearance is 12.4 L/h for 62 kg of normal fat mass; the file's 11.4 L/h is for 70 kg and is "
        "used.",
    ),
    unverified=(
        "Read in a single file; the DOI was not verified.",
        "The file counts its steps of clearance (0.932 after 6 h, 0.919 after 36 h) from a time that the user gives; "
        "here from the first dose.",
        "How the two residual terms combine was not stated; their variances are added here.",
    ),
    intended=("Infants to adults, intravenously.",),
    cautioned=("Courses whose clearance does not begin to fall with the first dose.",),
)


def _long_boyle(chart: Mapping[str, Array]) -> dict[str, Array]:
    age, size = chart["age_y"], chart["weight_kg"] / 22.0
    ageing = (1.0 + 0.032 * np.minimum(age, 12.0)) * (1.0 - 0.0138 * np.maximum(age - 12.0, 0.0))
    clearance = 4.32 * size**0.75 * ageing
    return {CENTRAL_VOLUME: 15.7 * size, VMAX: clearance * 6.704, KM: constant(6.704, age)}


LONG_BOYLE_2015 = PopulationModel(
    id="busulfan-longboyle-2015",
    version="1",
    drug="busulfan",
    title="Long-Boyle 2015",
    system=michaelis_menten(1, unit=UNIT, scale=SCALE),
    typical=_long_boyle,
    etas=on(VMAX, CENTRAL_VOLUME),
    omega=correlated(logarithmic(22.0, 29.0), (0, 1, 0.42)),
    omega_convention="variance of eta as ln(1 + CV²), from 22 and 29 % CV of intrinsic clearance (here of the maximum "
    "elimination, clearance · Km) and volume; covariance from a correlation of 0.42",
    residuals={"concentration": Residual(ResidualKind.VARIANCE_SUM, additive=47.0, proportional=0.148)},
    covariates=(covariate("weight_kg", 3.0, 101.0, 22.0), covariate("age_y", 0.1, 24.0, 7.0)),
    clinical_inputs=("age_y", "weight_kg"),
    population="90 children and young adults, 1165 concentrations",
    citation=Citation(
        "Long-Boyle JR et al. Ther Drug Monit 2015;37:236-245",
        "10.1097/FTD.0000000000000131",
        ("nlmixr2/nlmixr2lib inst/modeldb/specificDrugs/Long-Boyle_2015_busulfan.R",),
    ),
    conflicts=(
        "The article's Table 3 calls 4.32 L/h the clearance of a child of 22 kg and 7 years; its equations, and the "
        "doses of its Table 4, make it that of age 0 (5.29 L/h at 7 years), as here.",
    ),
    unverified=("Read in a single source.",),
    intended=("Children and young adults, intravenously every 6 h.",),
    cautioned=("Adults beyond 24 years.",),
)

_CSS = (
    "600–900 ng/mL as the average at steady state, Long-Boyle JR et al., doi 10.1097/FTD.0000000000000131; McCune JS "
    "et "
    "al. aim at 770 ng/mL (Clin Cancer Res 2014;20:754-763)"
)
BUSULFAN = Drug(
    name="busulfan",
    title="Busulfan",
    models=(SHUKLA_2020.id, MCCUNE_2014.id, LONG_BOYLE_2015.id),
    targets=(
        Target(
            "average 600–900 ng/mL",
            600.0,
            900.0,
            _CSS,
            Metric.AVERAGE,
            UNIT,
            harm="liver (sinusoidal obstruction)",
        ),
    ),
    practice=Practice(
        step_mg=5.0,
        min_mg=5.0,
        max_mg=400.0,
        max_daily_mg=400.0,
        intervals_h=(6.0, 12.0, 24.0),
        max_rate_mg_per_h=200.0,
        source=ours("All limits are house settings; confirm them with the pharmacy."),
    ),
    level_unit=UNIT,
    high_alert=True,
)

MODELS = (SHUKLA_2020, MCCUNE_2014, LONG_BOYLE_2015)
