"""Gentamicin: Xuan 2004 and Rosario (adults), Germovsek 2016 (newborns and infants)."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.drug import Drug, Practice
from twins.pharmacology.drugs.derivations import BODY_SURFACE_AREA, POSTMENSTRUAL_AGE, POSTNATAL_AGE
from twins.pharmacology.drugs.variances import logarithmic, triangle
from twins.pharmacology.drugs.vocabulary import MICROMOLES, RENAL_INPUTS, constant, covariate
from twins.pharmacology.population import Citation, Eta, PopulationModel, RenalRule, on
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import CENTRAL_VOLUME, CLEARANCE, Q2, Q3, V2, V3, compartments
from twins.pharmacology.target import Metric, Target
from twins.quantities.sentence import ours
from twins.samples.channel import Channel

Array = NDArray[np.float64]

BULLETIN = (
    "Medicines Information bulletin, Therapeutic Drug Monitoring of Aminoglycosides, 25 May 2022, "
    "medicinesinformation.co.nz: adults on once-daily doses, MIC of 1 mg/L assumed"
)


def _xuan(chart: Mapping[str, Array]) -> dict[str, Array]:
    volume = 0.28 * chart["weight_kg"]
    return {
        CLEARANCE: 0.047 * chart["creatinine_clearance_ml_per_min"],
        CENTRAL_VOLUME: volume,
        Q2: 0.092 * volume,
        V2: 0.092 / 0.071 * volume,
    }


XUAN_2004 = PopulationModel(
    id="gentamicin-xuan-2004-adult",
    version="1",
    drug="gentamicin",
    title="Xuan 2004 (adults)",
    system=compartments(2),
    typical=_xuan,
    etas=(
        Eta(CLEARANCE),
        Eta(CENTRAL_VOLUME, on=((CENTRAL_VOLUME, 1.0), (Q2, 1.0), (V2, 1.0))),
        Eta("k12", on=((Q2, 1.0), (V2, 1.0))),
        Eta("k21", on=((V2, -1.0),)),
    ),
    omega=logarithmic(29.6, 5.8, 69.9, 63.9),
    omega_convention="variance of eta as ln(1 + CV²), from 29.6, 5.8, 69.9 and 63.9 % CV of clearance, central volume, "
    "k12 and k21; k12 = Q/V1 and k21 = Q/V2, so that the etas of the rate constants move Q and V2",
    residuals={"concentration": Residual(ResidualKind.VARIANCE_SUM, additive=0.23, proportional=0.237)},
    covariates=(
        covariate("creatinine_clearance_ml_per_min", median=92.0),
        covariate("weight_kg"),
        covariate("age_y", 16.0, 96.0),
    ),
    clinical_inputs=RENAL_INPUTS,
    population="939 adults on once-daily doses, 1294 concentrations",
    citation=Citation(
        "Xuan D et al. Int J Antimicrob Agents 2004;23:291-295",
        "10.1016/j.ijantimicag.2003.07.010",
        (ours("russlewisbo/Dosingapp models.js (numbers taken from the article's tables by its author)"),),
    ),
    conflicts=(
        "The convention of the CV is not stated; CV² would give 0.0876, 0.0034, 0.4886 and 0.4083 where "
        "ln(1 + CV²) gives 0.0840, 0.0034, 0.3978 and 0.3424, as here.",
    ),
    unverified=(
        "Read in a single source.",
        "How the two residual terms combine was not stated; their variances are added here.",
        "The between-subject variance of the central volume has a relative standard error of 350 %.",
    ),
    intended=("Adults on once-daily doses.",),
    cautioned=("Patients on dialysis.",),
)


def _rosario(chart: Mapping[str, Array]) -> dict[str, Array]:
    kidney = chart["creatinine_clearance_ml_per_min"]
    return {
        CLEARANCE: 0.88 * (1.0 + 0.043 * kidney),
        CENTRAL_VOLUME: 8.59 * chart["body_surface_area_m2"] * (chart["albumin_g_per_l"] / 34.0) ** -0.39,
        Q2: constant(1.3, kidney),
        V2: constant(9.79, kidney),
    }


ROSARIO = PopulationModel(
    id="gentamicin-rosario-adult-oncology",
    version="1",
    drug="gentamicin",
    title="Rosario (adults with cancer)",
    system=compartments(2),
    typical=_rosario,
    etas=on(CLEARANCE, Q2),
    omega=logarithmic(18.5, 28.2),
    omega_convention="variance of eta as ln(1 + CV²), from 18.5 and 28.2 % CV; the convention is not stated",
    residuals={"concentration": Residual(ResidualKind.VARIANCE_SUM, additive=0.107, proportional=0.165)},
    covariates=(
        covariate("creatinine_clearance_ml_per_min", median=86.0),
        covariate("body_surface_area_m2"),
        covariate("albumin_g_per_l", median=34.0),
        covariate("age_y", 15.0, 81.0),
        covariate("weight_kg", 38.0, 117.0),
    ),
    clinical_inputs=(*RENAL_INPUTS, "height_cm", "albumin_g_per_l"),
    derived={"body_surface_area_m2": BODY_SURFACE_AREA},
    renal=RenalRule(creatinine_floor_mg_per_dl=60.0 / MICROMOLES, floor_over_age_y=0.0),
    population="Adults with cancer; the numbers of patients and samples were not read",
    citation=Citation(
        ours("Rosario et al., population pharmacokinetics of gentamicin in patients with cancer (as in tucuxi-gui)"),
        "",
        ("sotalya/tucuxi-gui dev/src/drugs/ch.heig-vd.ezechiel.genta_adults_2cp.xml",),
    ),
    conflicts=(
        "The residual of the article is exponential and additive; the file approximates it as 16.5 % and 0.107 mg/L, "
        "with the remark that it is not the article's own form.",
    ),
    unverified=(
        "Read in a single file; the DOI was not verified.",
        "That the second between-subject variance is of the intercompartmental clearance is to be checked.",
        "Which equation the body surface area is from was not stated; Du Bois is used where none is charted.",
    ),
    intended=("Adults with cancer.",),
    cautioned=("Serum creatinine below 60 µmol/L is set to 60, as the file asks.",),
)


def _germovsek(chart: Mapping[str, Array]) -> dict[str, Array]:
    size = chart["weight_kg"] / 70.0
    weeks = chart["postmenstrual_age_weeks"]
    days = chart["postnatal_age_days"]
    creatinine = chart["creatinine_mg_per_dl"] * MICROMOLES
    ripe = weeks**3.33 / (weeks**3.33 + 55.4**3.33)
    born = days / (1.70 + days)
    kidney = (creatinine / (166.48 - 2.8488 * weeks)) ** -0.130
    return {
        CLEARANCE: 6.21 * size**0.632 * ripe * born * kidney,
        CENTRAL_VOLUME: 26.5 * size,
        Q2: 2.15 * size**0.75,
        V2: 21.2 * size,
        Q3: 0.271 * size**0.75,
        V3: 148.0 * size,
    }


GERMOVSEK_2016 = PopulationModel(
    id="gentamicin-germovsek-2016-neonate",
    version="1",
    drug="gentamicin",
    title="Germovsek 2016 (newborns)",
    system=compartments(3),
    typical=_germovsek,
    etas=on(CLEARANCE, CENTRAL_VOLUME, V2, V3),
    omega=triangle((0.175,), (0.116, 0.112), (0.0, 0.0, 0.132), (0.0, 0.0, 0.0, 0.177)),
    omega_convention="variances of eta and covariance of clearance and central volume, as in NONMEM's output",
    residuals={
        "concentration": Residual(
            ResidualKind.VARIANCE_SUM, additive=float(np.sqrt(0.0164)), proportional=float(np.sqrt(0.036))
        )
    },
    covariates=(
        covariate("weight_kg", median=2.12),
        covariate("postmenstrual_age_weeks", median=33.0),
        covariate("postnatal_age_days", median=5.4),
        covariate("creatinine_mg_per_dl", median=78.0 / MICROMOLES),
        covariate("age_y", high=1.0, meaning="age; the source's patients were newborns and infants"),
    ),
    clinical_inputs=("age_y", "weight_kg", "creatinine_mg_per_dl"),
    derived={"postmenstrual_age_weeks": POSTMENSTRUAL_AGE, "postnatal_age_days": POSTNATAL_AGE},
    population="205 newborns and infants, 1325 concentrations (Glasgow, Uppsala, Estonia)",
    citation=Citation(
        "Germovsek E et al. Antimicrob Agents Chemother 2016;60:4869-4877",
        "10.1128/AAC.00577-16",
        ("nlmixr2/nlmixr2lib inst/modeldb/ddmore/Germovsek_2016_gentamicin.R (DDMODEL00000238)",),
    ),
    unverified=(
        "Covariate ranges were not stated in the files that were read, only medians.",
        "That birth was at 40 weeks is assumed where only the age is charted.",
        "The upper end of one year is a house setting for infants.",
    ),
    intended=("Newborns and infants, with levels taken whenever blood is drawn.",),
    cautioned=(
        "Postmenstrual ages from 58 weeks: the usual creatinine that the equation compares with falls to 0.",
        "The first hours after birth: chart the age in fractions of a day.",
    ),
)

GENTAMICIN = Drug(
    name="gentamicin",
    title="Gentamicin",
    models=(XUAN_2004.id, ROSARIO.id, GERMOVSEK_2016.id),
    targets=(
        Target("AUC24 70–100 mg·h/L", 70.0, 100.0, BULLETIN, Metric.AUC24, "mg.h/L", harm="kidney and hearing"),
        Target("trough below 1 mg/L", 0.0, 1.0, BULLETIN, Metric.TROUGH, "mg/L", harm="kidney and hearing"),
        Target("peak 15–30 mg/L", 15.0, 30.0, BULLETIN, Metric.PEAK, "mg/L"),
    ),
    practice=Practice(
        step_mg=20.0,
        min_mg=20.0,
        max_mg=1000.0,
        max_daily_mg=1000.0,
        intervals_h=(8.0, 12.0, 16.0, 24.0, 36.0, 48.0, 72.0),
        max_rate_mg_per_h=2000.0,
        source=ours(
            "Steps of 20 mg up to 1000 mg and the intervals: sotalya/tucuxi-gui "
            "ch.heig-vd.ezechiel.genta_adults_2cp.xml, for adults. Doses below 100 mg, 1000 mg a day and 2000 mg/h "
            "(1000 mg in half an hour): house settings. Newborns need finer steps: give a dose of your own."
        ),
    ),
    level_unit="mg/L",
    level_channel=Channel.GENTAMICIN,
)

MODELS = (XUAN_2004, ROSARIO, GERMOVSEK_2016)
