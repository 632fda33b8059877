"""Digoxin: Yukawa 2001 and Jelliffe 2014."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.drug import Drug, Practice
from twins.pharmacology.drugs.derivations import NORMALISED_CLEARANCE
from twins.pharmacology.drugs.variances import logarithmic
from twins.pharmacology.drugs.vocabulary import RENAL_INPUTS, constant, covariate, flag
from twins.pharmacology.population import Citation, Eta, PopulationModel, on
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import ABSORPTION, BIOAVAILABILITY, CENTRAL_VOLUME, CLEARANCE, Q2, V2, compartments
from twins.pharmacology.target import Metric, Target
from twins.quantities.sentence import ours
from twins.samples.channel import Channel
from twins.solvers.system import Input

Array = NDArray[np.float64]

UNIT, SCALE = "ng/mL", 1000.0
RENAL, OTHER = "renal_clearance_l_per_h", "other_clearance_l_per_h"
_TWO = compartments(2, unit=UNIT, scale=SCALE)
SWALLOWED = replace(
    _TWO,
    name="two compartments, linear elimination, doses by mouth enter the blood at once",
    inputs={**_TWO.inputs, "oral": (Input("central"),)},
)


def _yukawa(chart: Mapping[str, Array]) -> dict[str, Array]:
    weight = chart["weight_kg"]
    return {
        CLEARANCE: (0.036 * weight + 0.112 * chart["creatinine_clearance_ml_per_min"])
        * 0.770 ** chart["spironolactone"]
        * 0.784 ** chart["calcium_channel_blocker"],
        CENTRAL_VOLUME: 1.83 * weight,
        Q2: 0.629 * weight,
        V2: 22.6 * weight,
    }


YUKAWA_2001 = PopulationModel(
    id="digoxin-yukawa-2001",
    version="1",
    drug="digoxin",
    title="Yukawa 2001",
    system=SWALLOWED,
    typical=_yukawa,
    etas=on(CLEARANCE, Q2),
    omega=logarithmic(29.0, 37.8),
    omega_convention="variance of eta as ln(1 + CV²), from 29 and 37.8 % CV; the convention is not stated",
    residuals={"concentration": Residual(ResidualKind.VARIANCE_SUM, additive=0.0, proportional=0.123)},
    covariates=(
        covariate("creatinine_clearance_ml_per_min", median=56.0),
        covariate("weight_kg", 32.0, 89.0, 50.0),
        covariate("age_y", 21.0, 83.0),
        flag("spironolactone", "1 with spironolactone, else 0"),
        flag("calcium_channel_blocker", "1 with a calcium channel blocker, else 0"),
    ),
    clinical_inputs=RENAL_INPUTS,
    population="106 Japanese patients with heart failure or atrial fibrillation",
    citation=Citation(
        "Yukawa E et al. Clin Pharmacokinet 2001;40:773-781",
        "10.2165/00003088-200140100-00005",
        ("sotalya/tucuxi-gui dev/src/drugs/ch.heig-vd.ezechiel.digoxin.xml",),
    ),
    unverified=(
        "Read in a single file, which names no DOI; it was found by the article's title and journal.",
        "The model has no absorption, and bioavailability is within its parameters: a dose by mouth enters the blood "
        "at once.",
    ),
    intended=("Steady state by mouth, levels 6 h and more after a dose.",),
    cautioned=("The first hours after a dose.", "Intravenous doses."),
)


def _jelliffe(chart: Mapping[str, Array]) -> dict[str, Array]:
    kidney = chart["creatinine_clearance_ml_per_min_per_1_73m2"]
    volume = 1.5714 * chart["weight_kg"]
    return {
        RENAL: 0.000451 * kidney * volume,
        OTHER: 0.0288 * volume,
        CENTRAL_VOLUME: volume,
        Q2: 0.56 * volume,
        V2: 0.56 / 0.15 * volume,
        ABSORPTION: constant(0.6093, volume),
        BIOAVAILABILITY: constant(0.65, volume),
    }


_VOLUMES = ((CENTRAL_VOLUME, 1.0), (Q2, 1.0), (V2, 1.0), (RENAL, 1.0), (OTHER, 1.0))
JELLIFFE_2014 = PopulationModel(
    id="digoxin-jelliffe-2014",
    version="1",
    drug="digoxin",
    title="Jelliffe 2014",
    system=compartments(2, oral=True, bioavailability=True, unit=UNIT, scale=SCALE),
    typical=_jelliffe,
    etas=(
        Eta(ABSORPTION),
        Eta(CENTRAL_VOLUME, on=_VOLUMES),
        Eta("nonrenal elimination", on=((OTHER, 1.0),)),
        Eta("renal elimination", on=((RENAL, 1.0),)),
        Eta("k12", on=((Q2, 1.0), (V2, 1.0))),
        Eta("k21", on=((V2, -1.0),)),
    ),
    omega=logarithmic(20.0, 20.0, 20.0, 20.0, 20.0, 20.0),
    omega_convention="variance of eta as ln(1 + CV²), from 20 % CV that the article assumes for each; its rate "
    "constants "
    "are written as clearances and volumes, so that the volume's eta moves them all and those of k12 and k21 move Q "
    "and V2",
    residuals={},
    covariates=(
        covariate("creatinine_clearance_ml_per_min_per_1_73m2"),
        covariate("weight_kg", median=70.0),
        covariate("age_y", low=18.0),
    ),
    clinical_inputs=(*RENAL_INPUTS, "height_cm"),
    derived={"creatinine_clearance_ml_per_min_per_1_73m2": NORMALISED_CLEARANCE},
    sums={CLEARANCE: (RENAL, OTHER)},
    population="Adults; parameters carried over from three studies pooled by Reuning in 1973",
    citation=Citation(
        "Jelliffe R et al. Ther Drug Monit 2014;36:387-393",
        "10.1097/FTD.0000000000000023",
        ("nlmixr2/nlmixr2lib inst/modeldb/specificDrugs/Jelliffe_2014_digoxin.R",),
    ),
    conflicts=(
        "The article estimates creatinine clearance by Jelliffe's method of 2002; where none is charted, "
        "Cockcroft-Gault "
        "for 1.73 m² stands in here.",
    ),
    unverified=(
        "The between-subject variability is an assumption of the article, not an estimate.",
        "No residual is reported: none ships, and levels cannot be fitted.",
        "Covariate ranges were not stated.",
    ),
    intended=("Simulation of loading and maintenance, by mouth and intravenously.",),
    cautioned=("Not for fitting levels.",),
)

DIGOXIN = Drug(
    name="digoxin",
    title="Digoxin",
    models=(YUKAWA_2001.id, JELLIFFE_2014.id),
    targets=(
        Target(
            "trough 0.5–1.0 ng/mL",
            0.5,
            1.0,
            "Gona SR et al. Front Cardiovasc Med 2023;10:1179892, doi 10.3389/fcvm.2023.1179892",
            Metric.TROUGH,
            UNIT,
            harm="heart rhythm",
        ),
    ),
    practice=Practice(
        step_mg=0.0625,
        min_mg=0.0625,
        max_mg=1.0,
        max_daily_mg=1.0,
        intervals_h=(12.0, 24.0, 36.0, 48.0),
        max_rate_mg_per_h=3.0,
        source=ours(
            "Doses up to 1 mg and the intervals: sotalya/tucuxi-gui ch.heig-vd.ezechiel.digoxin.xml; steps of "
            "0.0625 mg (its 0.125 mg halved, as Komatsu 2015 gave it, doi 10.1186/s40780-015-0023-6). The rate and 1 "
            "mg a day are house settings."
        ),
    ),
    level_unit=UNIT,
    level_channel=Channel.DIGOXIN,
    high_alert=True,
)

MODELS = (YUKAWA_2001, JELLIFFE_2014)
