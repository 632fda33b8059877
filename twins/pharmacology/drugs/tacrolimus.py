"""Tacrolimus in whole blood: Andrews 2019, Størset 2014 and the bedside model of Leuven."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.drug import Drug, Practice
from twins.pharmacology.drugs.derivations import BODY_SURFACE_AREA, FAT_FREE_MASS, JAMES
from twins.pharmacology.drugs.variances import correlated, diagonal, logarithmic
from twins.pharmacology.drugs.vocabulary import MICROMOLES, NAMED_OCCASIONS_H, constant, covariate, flag
from twins.pharmacology.population import Citation, Occasions, PopulationModel, on
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import (
    ABSORPTION,
    BIOAVAILABILITY,
    CENTRAL_VOLUME,
    CLEARANCE,
    LAG,
    Q2,
    V2,
    compartments,
)
from twins.pharmacology.structures.binding import with_red_cells
from twins.pharmacology.structures.rising import rising_elimination
from twins.pharmacology.target import Metric, Target
from twins.quantities.sentence import ours
from twins.samples.channel import Channel

Array = NDArray[np.float64]

UNIT, SCALE = "ug/L", 1000.0


def _andrews(chart: Mapping[str, Array]) -> dict[str, Array]:
    age = chart["age_y"]
    creatinine = chart["creatinine_mg_per_dl"] * MICROMOLES
    return {
        CLEARANCE: 23.0
        * 1.631 ** chart["cyp3a5_expresser"]
        * 0.8 ** chart["cyp3a4_22_carrier"]
        * (age / 55.72) ** -0.43
        * (chart["albumin_g_per_l"] / 42.0) ** 0.43
        * (chart["body_surface_area_m2"] / 1.93) ** 0.88
        * (creatinine / 134.98) ** -0.14
        * (chart["haematocrit"] / 0.34) ** -0.76,
        CENTRAL_VOLUME: 692.0 * (chart["lean_body_weight_kg"] / 58.94) ** 1.52,
        Q2: constant(11.6, age),
        V2: constant(5340.0, age),
        ABSORPTION: constant(3.58, age),
        LAG: constant(0.38, age),
    }


ANDREWS_2019 = PopulationModel(
    id="tacrolimus-andrews-2019",
    version="1",
    drug="tacrolimus",
    title="Andrews 2019",
    system=compartments(2, oral=True, lag=True, unit=UNIT, scale=SCALE),
    typical=_andrews,
    etas=on(CLEARANCE, CENTRAL_VOLUME, V2, Q2),
    omega=logarithmic(38.6, 49.2, 53.0, 78.7),
    omega_convention="variance of eta as ln(1 + CV²), from 38.6, 49.2, 53.0 and 78.7 % CV; the convention is not "
    "stated",
    residuals={"concentration": Residual(ResidualKind.VARIANCE_SUM, additive=0.0, proportional=0.245)},
    covariates=(
        covariate("age_y", 15.0, 79.4, 55.72),
        flag("cyp3a5_expresser", "1 with a CYP3A5*1 allele, else 0"),
        flag("cyp3a4_22_carrier", "1 with a CYP3A4*22 allele, else 0"),
        covariate("albumin_g_per_l", 12.0, 57.0, 42.0),
        covariate("body_surface_area_m2", 1.24, 2.66, 1.93),
        covariate("creatinine_mg_per_dl", 38.0 / MICROMOLES, 1885.0 / MICROMOLES, 134.98 / MICROMOLES),
        covariate("haematocrit", 0.15, 0.80, 0.34),
        covariate("lean_body_weight_kg", 33.1, 85.3, 58.94),
        covariate("weight_kg", 37.6, 132.0),
    ),
    clinical_inputs=(
        "age_y",
        "male",
        "weight_kg",
        "height_cm",
        "creatinine_mg_per_dl",
        "albumin_g_per_l",
        "haematocrit",
    ),
    derived={"body_surface_area_m2": BODY_SURFACE_AREA, "lean_body_weight_kg": JAMES},
    occasions=Occasions(on(CLEARANCE), logarithmic(13.6), NAMED_OCCASIONS_H),
    population="337 kidney recipients in the first 3 months after transplantation, 4527 concentrations in whole blood",
    citation=Citation(
        "Andrews LM et al. Br J Clin Pharmacol 2019;85:601-615",
        "10.1111/bcp.13838",
        ("nlmixr2/nlmixr2lib inst/modeldb/specificDrugs/Andrews_2019_tacrolimus.R",),
    ),
    conflicts=(
        "The residual depends on the assay: 24.5 % for LC-MS/MS, which is used; 17.7 % and 0.88 µg/L for immunoassays.",
    ),
    unverified=(
        "The article names neither its equation of body surface (Du Bois is used) nor that of lean body weight "
        "(James is used).",
        "How long an occasion is was not read; a course names its own, or has one.",
        "Without a genotype on the chart a non-expresser of CYP3A5 is assumed, as 73 % of the patients were.",
    ),
    intended=("Adults on twice-daily oral tacrolimus within 3 months of a kidney transplantation.",),
    cautioned=("Levels measured by immunoassay.", "Extended-release products and other transplants."),
)

CAPACITY, AFFINITY, HAEMATOCRIT = "red_cell_capacity_ug_per_l", "red_cell_affinity_ug_per_l", "haematocrit"


def _storset(chart: Mapping[str, Array]) -> dict[str, Array]:
    size = chart["fat_free_mass_kg"] / 60.0
    expresser = chart["cyp3a5_expresser"]
    prednisolone = chart["prednisolone_mg_per_day"]
    return {
        CLEARANCE: 811.0 * size**0.75 * 1.30**expresser,
        CENTRAL_VOLUME: 6290.0 * size,
        Q2: 1200.0 * size**0.75,
        V2: 32100.0 * size,
        ABSORPTION: constant(1.01, size),
        LAG: constant(0.41, size),
        BIOAVAILABILITY: (1.0 - 0.67 * prednisolone / (35.0 + prednisolone))
        * 0.82**expresser
        * 2.68 ** chart["first_day_after_transplantation"],
        CAPACITY: constant(418.0, size),
        AFFINITY: constant(3.8, size),
        HAEMATOCRIT: chart["haematocrit"],
    }


STORSET_2014 = PopulationModel(
    id="tacrolimus-storset-2014",
    version="1",
    drug="tacrolimus",
    title="Størset 2014",
    system=with_red_cells(compartments(2, oral=True, lag=True, bioavailability=True)),
    typical=_storset,
    etas=on(CLEARANCE, CENTRAL_VOLUME, Q2),
    omega=correlated(logarithmic(40.0, 54.0, 63.0), (0, 1, 0.43), (0, 2, 0.62)),
    omega_convention="variance of eta as ln(1 + CV²), from 40, 54 and 63 % CV, as nlmixr2lib converts them; "
    "covariances "
    "from correlations of 0.43 and 0.62",
    residuals={"concentration": Residual(ResidualKind.VARIANCE_SUM, additive=0.0, proportional=0.149)},
    covariates=(
        covariate("fat_free_mass_kg", 35.0, 80.0, 59.0),
        flag("cyp3a5_expresser", "1 with a CYP3A5*1 allele, else 0"),
        covariate("haematocrit", 0.24, 0.45, 0.34),
        covariate("prednisolone_mg_per_day", low=0.0, unit="mg/d", meaning="prednisolone by mouth", default=0.0),
        flag("first_day_after_transplantation", "1 on the first day after transplantation, else 0"),
        covariate("age_y", 23.0, 71.0, 48.0),
        covariate("weight_kg", 51.0, 121.0, 80.0),
    ),
    clinical_inputs=("male", "weight_kg", "height_cm", "haematocrit"),
    derived={"fat_free_mass_kg": FAT_FREE_MASS},
    population="242 kidney recipients, 3100 concentrations in whole blood",
    citation=Citation(
        "Størset E et al. Br J Clin Pharmacol 2014;78:509-523",
        "10.1111/bcp.12361",
        ("nlmixr2/nlmixr2lib inst/modeldb/specificDrugs/Storset_2014_tacrolimus.R",),
    ),
    unverified=(
        "Read in a single source. The correlation of central volume and intercompartmental clearance is not reported; "
        "it is 0 here.",
        "The variability of the first day's bioavailability (57 % CV) is left out: it would act on that day alone.",
        "34 % as the median haematocrit lies between the two centres' 33 and 36 %.",
    ),
    intended=("Kidney recipients whose haematocrit changes, from the first day on.",),
    cautioned=("Without the dose of prednisolone on the chart none is assumed.", "Levels by immunoassay read higher."),
)

K0, RISE, PACE, FIRST = "elimination_per_h", "elimination_rise_per_h", "rise_rate_per_h", "first_dose_h"


def _leuven(chart: Mapping[str, Array]) -> dict[str, Array]:
    first = chart[FIRST]
    return {
        CENTRAL_VOLUME: constant(881.28, first),
        K0: constant(0.0058452, first),
        RISE: constant(0.025644, first),
        PACE: constant(0.0358956, first),
        FIRST: first,
    }


LEUVEN = PopulationModel(
    id="tacrolimus-kws-leuven-bedside",
    version="1",
    drug="tacrolimus",
    title="Leuven bedside model (first 14 days)",
    system=rising_elimination(UNIT, SCALE),
    typical=_leuven,
    etas=on(CENTRAL_VOLUME, K0, RISE, PACE),
    omega=correlated(
        diagonal(0.45452**2, 0.72863**2, 0.43798**2, 1.51685**2),
        (0, 1, 0.04526),
        (0, 3, 0.07573),
        (0, 2, -0.38581),
        (1, 3, -0.53361),
        (1, 2, -0.19904),
        (2, 3, -0.43645),
    ),
    omega_convention="variance of eta, the square of standard deviations of 0.45452, 0.72863, 0.43798 and 1.51685; "
    "covariances from the source's correlations",
    residuals={"concentration": Residual(ResidualKind.VARIANCE_SUM, additive=0.012571, proportional=0.179214)},
    covariates=(covariate("age_y", low=18.0),),
    clinical_inputs=(),
    population="Kidney recipients of the trial in Leuven, days 0 to 14; the number of patients was not read",
    citation=Citation(
        ours("Faelens R et al., model of the KWS trial, KU Leuven"),
        "",
        ("tdmore-dev/tacrolimuskws-public inst/models/D0_14_Troughs_1cpt_BASE_TSFD_MPC.R",),
    ),
    unverified=(
        "Read in a single file; no article, DOI or population was verified.",
        "The trial updates the model each day with the day before as its prior; here all levels are fitted together.",
    ),
    intended=("Troughs in the first 14 days after a kidney transplantation.",),
    cautioned=("Peaks: the dose enters the blood at once.", "After day 14."),
)

_WARDS = "the targets of Rotterdam as quoted with Andrews LM et al., doi 10.1111/bcp.13838"
TACROLIMUS = Drug(
    name="tacrolimus",
    title="Tacrolimus",
    models=(ANDREWS_2019.id, STORSET_2014.id, LEUVEN.id),
    targets=(
        Target(
            f"trough 5–10 µg/L ({ours('after week 4')})",
            5.0,
            10.0,
            _WARDS,
            Metric.TROUGH,
            UNIT,
            harm="kidney and nerves",
        ),
        Target(
            f"trough 8–12 µg/L ({ours('weeks 3 and 4')})",
            8.0,
            12.0,
            _WARDS,
            Metric.TROUGH,
            UNIT,
            harm="kidney and nerves",
        ),
        Target(
            f"trough 10–15 µg/L ({ours('weeks 1 and 2')})",
            10.0,
            15.0,
            _WARDS,
            Metric.TROUGH,
            UNIT,
            harm="kidney and nerves",
        ),
    ),
    practice=Practice(
        step_mg=0.5,
        min_mg=0.5,
        max_mg=20.0,
        max_daily_mg=40.0,
        intervals_h=(12.0, 24.0),
        max_rate_mg_per_h=1000.0,
        source=ours(
            "All limits are house settings, for capsules; the rate has no meaning by mouth. Confirm them with the "
            "pharmacy."
        ),
    ),
    level_unit=UNIT,
    level_channel=Channel.TACROLIMUS,
)

MODELS = (ANDREWS_2019, STORSET_2014, LEUVEN)
