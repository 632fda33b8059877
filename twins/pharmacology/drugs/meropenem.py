"""Meropenem: Li 2006, Ehmann 2019, O'Jeanson 2021 (dialysis) and Shekar 2014; Gijsen 2021 for unbound levels."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.drug import Drug, Practice
from twins.pharmacology.drugs.beta_lactams import above
from twins.pharmacology.drugs.derivations import CKD_EPI, MDRD
from twins.pharmacology.drugs.variances import correlated, diagonal, logarithmic
from twins.pharmacology.drugs.vocabulary import NAMED_OCCASIONS_H, RENAL_INPUTS, constant, covariate, flag
from twins.pharmacology.population import Citation, Occasions, PopulationModel, on
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import CENTRAL_VOLUME, CLEARANCE, Q2, V2, compartments
from twins.quantities.sentence import ours

Array = NDArray[np.float64]

DOSINGAPP = (ours("russlewisbo/Dosingapp models.js (numbers taken from the article's tables by its author)"),)
SINGLE = "Read in a single source."
KIDNEY = "creatinine_clearance_ml_per_min"


def _li(chart: Mapping[str, Array]) -> dict[str, Array]:
    kidney = chart[KIDNEY]
    return {
        CLEARANCE: 14.6 * (kidney / 83.0) ** 0.62 * (chart["age_y"] / 35.0) ** -0.34,
        CENTRAL_VOLUME: 10.8 * (chart["weight_kg"] / 70.0) ** 0.99,
        Q2: constant(18.6, kidney),
        V2: constant(12.6, kidney),
    }


LI_2006 = PopulationModel(
    id="meropenem-li-2006",
    version="1",
    drug="meropenem",
    title="Li 2006",
    system=compartments(2),
    typical=_li,
    etas=on(CLEARANCE, CENTRAL_VOLUME, Q2, V2),
    omega=diagonal(0.118, 0.143, 0.29, 0.102),
    omega_convention="variance of eta; the standard deviations in tucuxi-drugs (0.343, 0.378, 0.539, 0.319) are their "
    "square roots",
    residuals={"concentration": Residual(ResidualKind.VARIANCE_SUM, additive=0.469, proportional=0.188)},
    covariates=(covariate(KIDNEY, median=83.0), covariate("age_y", 18.0, 93.0, 35.0), covariate("weight_kg")),
    clinical_inputs=RENAL_INPUTS,
    population="79 adults in hospital, 18 to 93 years",
    citation=Citation(
        "Li C et al. J Clin Pharmacol 2006",
        "10.1177/0091270006291035",
        (
            "nlmixr2/nlmixr2lib inst/modeldb/ddmore/Li_2006_meropenem.R",
            "sotalya/tucuxi-drugs drugfiles/ch.tucuxi.meropenem.li2006.tdd",
            "russlewisbo/Dosingapp models.js",
        ),
    ),
    unverified=(
        "Ranges of weight and creatinine clearance were not read; 83 mL/min is the reference of the equation.",
    ),
    intended=("Adults in hospital, not on dialysis.",),
    cautioned=("Kidney replacement therapy.",),
)


def _ehmann(chart: Mapping[str, Array]) -> dict[str, Array]:
    kidney = chart[KIDNEY]
    albumin = chart["albumin_g_per_l"] / 10.0
    return {
        CLEARANCE: 9.25 * (1.0 + 0.00977 * (np.minimum(kidney, 154.0) - 80.8)),
        CENTRAL_VOLUME: 7.89 * (chart["weight_kg"] / 70.0) ** 0.945,
        Q2: constant(28.4, kidney),
        V2: 16.1 * (1.0 - 0.202 * (albumin - 2.8)),
    }


EHMANN_2019 = PopulationModel(
    id="meropenem-ehmann-2019",
    version="1",
    drug="meropenem",
    title="Ehmann 2019",
    system=compartments(2),
    typical=_ehmann,
    etas=on(CLEARANCE, CENTRAL_VOLUME, V2),
    omega=logarithmic(27.1, 31.5, 16.9),
    omega_convention="variance of eta as ln(1 + CV²), from 27.1, 31.5 and 16.9 % CV; the convention is not stated",
    residuals={"concentration": Residual(ResidualKind.VARIANCE_SUM, additive=0.246, proportional=0.166)},
    covariates=(
        covariate(KIDNEY, median=80.8, meaning="creatinine clearance, counted up to 154 mL/min"),
        covariate("weight_kg", median=70.0),
        covariate("albumin_g_per_l", median=28.0),
        covariate("age_y", low=18.0),
    ),
    clinical_inputs=(*RENAL_INPUTS, "albumin_g_per_l"),
    occasions=Occasions(on(CLEARANCE), logarithmic(12.5), NAMED_OCCASIONS_H),
    population="41 critically ill adults without kidney replacement therapy",
    citation=Citation(
        "Ehmann L et al. Int J Antimicrob Agents 2019;54:309-317", "10.1016/j.ijantimicag.2019.06.016", DOSINGAPP
    ),
    unverified=(
        SINGLE,
        "The form of the covariate equations was inferred by that source: the article's appendix was not read.",
        "How the two residual terms combine, covariate ranges and the length of an occasion were not read.",
    ),
    intended=("Intensive care without kidney replacement therapy.",),
    cautioned=("Albumin above 77 g/L gives a negative volume, and is refused.",),
)


def _ojeanson(chart: Mapping[str, Array]) -> dict[str, Array]:
    gfr = chart["gfr_ml_per_min"]
    urine = 0.60 * (chart["residual_diuresis_ml_per_day"] / 845.0 - 1.0)
    own = np.where(gfr >= 120.0, 13.9 + urine, 1.36 + 0.058 * gfr + urine)
    continuous = chart["continuous_dialysis"] > 0.5
    intermittent = chart["haemodialysis"] > 0.5
    return {
        CLEARANCE: np.where(intermittent, 11.0, np.where(continuous, 6.38 + urine, own)),
        CENTRAL_VOLUME: constant(43.9, gfr),
    }


OJEANSON_2021 = PopulationModel(
    id="meropenem-ojeanson-2021-dialysis",
    version="1",
    drug="meropenem",
    title="O'Jeanson 2021 (dialysis)",
    system=compartments(1),
    typical=_ojeanson,
    etas=on(CLEARANCE, CENTRAL_VOLUME),
    omega=logarithmic(30.8, 87.6),
    omega_convention="variance of eta as ln(1 + CV²), from 30.8 and 87.6 % CV: the article defines its CV so",
    residuals={"concentration": Residual(ResidualKind.VARIANCE_SUM, additive=0.0, proportional=0.321)},
    covariates=(
        covariate("gfr_ml_per_min", meaning="glomerular filtration rate by MDRD"),
        covariate("residual_diuresis_ml_per_day", median=845.0, unit="mL/d", meaning="urine of 24 h", default=845.0),
        flag("continuous_dialysis", "1 on continuous kidney replacement therapy, else 0"),
        covariate("haemodialysis", 0.0, 1.0, default=0.0, meaning="1 on intermittent haemodialysis, else 0"),
        covariate("age_y", low=18.0),
    ),
    clinical_inputs=("age_y", "male", "creatinine_mg_per_dl"),
    derived={"gfr_ml_per_min": MDRD},
    population="Critically ill adults with and without dialysis; their number was not verified",
    citation=Citation(
        "O'Jeanson A et al. Eur J Drug Metab Pharmacokinet 2021;46:695-705", "10.1007/s13318-021-00709-w", DOSINGAPP
    ),
    unverified=(
        SINGLE,
        "The number of patients and the covariate ranges were not read.",
        "MDRD is taken as it is, for 1.73 m² of body surface: whether the article undid that was not read.",
    ),
    intended=("Intensive care with or without continuous or intermittent dialysis.",),
    cautioned=("Do not add a dialysis session to the course: the model's own clearance has it.",),
)


def _shekar(chart: Mapping[str, Array]) -> dict[str, Array]:
    kidney = 0.06 * chart[KIDNEY]
    return {
        CLEARANCE: np.where(chart["continuous_dialysis"] > 0.5, 5.1, 1.89 * kidney),
        CENTRAL_VOLUME: constant(18.7, kidney),
        Q2: constant(21.0, kidney),
        V2: constant(13.2, kidney),
    }


SHEKAR_2014 = PopulationModel(
    id="meropenem-shekar-2014-crrt",
    version="1",
    drug="meropenem",
    title="Shekar 2014 (kidney replacement)",
    system=compartments(2),
    typical=_shekar,
    etas=on(CLEARANCE, CENTRAL_VOLUME, V2),
    omega=logarithmic(51.6, 45.8, 28.7),
    omega_convention="variance of eta as ln(1 + CV²), from 51.6, 45.8 and 28.7 % CV; the convention is not stated",
    residuals={"concentration": Residual(ResidualKind.VARIANCE_SUM, additive=2.3, proportional=0.137)},
    covariates=(
        covariate(KIDNEY),
        flag("continuous_dialysis", "1 on continuous kidney replacement therapy, else 0"),
        covariate("age_y", low=18.0),
    ),
    clinical_inputs=RENAL_INPUTS,
    population="21 critically ill adults",
    citation=Citation("Shekar K et al. Crit Care 2014;18:565", "10.1186/s13054-014-0565-2", DOSINGAPP),
    conflicts=("The article is inconsistent in itself: its Table 3 and its equation differ.",),
    unverified=(SINGLE, "How the two residual terms combine and the covariate ranges were not read."),
    intended=("Continuous kidney replacement therapy.",),
    cautioned=("Few patients: low evidence.", "Do not add a dialysis session to the course as well."),
)


def _gijsen(chart: Mapping[str, Array]) -> dict[str, Array]:
    size = chart["weight_kg"] / 70.0
    return {
        CLEARANCE: 14.7 * size**0.75 * (chart["gfr_ml_per_min_per_1_73m2"] / 105.0) ** 1.29,
        CENTRAL_VOLUME: 25.6 * size,
        Q2: 5.51 * size**0.75,
        V2: 8.02 * size,
    }


GIJSEN_2021 = PopulationModel(
    id="meropenem-gijsen-2021",
    version="1",
    drug="unbound meropenem",
    title="Gijsen 2021 (unbound)",
    system=compartments(2),
    typical=_gijsen,
    etas=on(CLEARANCE, CENTRAL_VOLUME),
    omega=correlated(logarithmic(46.8, 61.6), (0, 1, 0.704)),
    omega_convention="variance of eta as ln(1 + CV²), from 46.8 and 61.6 % CV; covariance from a correlation of 0.704",
    residuals={"concentration": Residual(ResidualKind.VARIANCE_SUM, additive=0.0, proportional=0.288)},
    covariates=(
        covariate("gfr_ml_per_min_per_1_73m2", median=105.0, meaning="glomerular filtration rate by CKD-EPI"),
        covariate("weight_kg", median=70.0),
        covariate("age_y", low=18.0),
    ),
    clinical_inputs=RENAL_INPUTS,
    derived={"gfr_ml_per_min_per_1_73m2": CKD_EPI},
    population="25 critically ill adults",
    citation=Citation("Gijsen M et al. Microorganisms 2021;9:1310", "10.3390/microorganisms9061310", DOSINGAPP),
    unverified=(SINGLE, "Which CKD-EPI equation was used (2009 is taken here) and the covariate ranges were not read."),
    intended=("Unbound levels in intensive care.",),
    cautioned=("Its levels are unbound concentrations: never mix them with total levels.", "Few patients."),
)

_BREAKPOINT = (
    "EUCAST, meropenem and Pseudomonas aeruginosa, susceptible up to 2 mg/L (table 1 of BMC Res Notes 2014;7:603, "
    "doi 10.1186/1756-0500-7-603)"
)
_PRACTICE = Practice(
    step_mg=500.0,
    min_mg=500.0,
    max_mg=2000.0,
    max_daily_mg=6000.0,
    intervals_h=(6.0, 8.0, 12.0, 24.0),
    max_rate_mg_per_h=4000.0,
    source=ours("All limits are house settings (2000 mg in half an hour); confirm them with the pharmacy."),
)
MEROPENEM = Drug(
    name="meropenem",
    title="Meropenem",
    models=(LI_2006.id, EHMANN_2019.id, OJEANSON_2021.id, SHEKAR_2014.id),
    targets=(above(2.0, 0.98, _BREAKPOINT + "; 98 % unbound as in Dosingapp"),),
    practice=_PRACTICE,
    level_unit="mg/L",
)
UNBOUND_MEROPENEM = Drug(
    name="unbound meropenem",
    title="Meropenem, unbound levels",
    models=(GIJSEN_2021.id,),
    targets=(above(2.0, 1.0, _BREAKPOINT),),
    practice=_PRACTICE,
    level_unit="mg/L",
)

MODELS = (LI_2006, EHMANN_2019, OJEANSON_2021, SHEKAR_2014, GIJSEN_2021)
