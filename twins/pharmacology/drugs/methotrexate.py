"""Methotrexate in high doses: Faltaos 2006 and Taylor 2020 (MTXPK.org)."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from twins.pharmacology.drug import Drug, Practice
from twins.pharmacology.drugs.derivations import BODY_SURFACE_AREA
from twins.pharmacology.drugs.variances import diagonal, triangle
from twins.pharmacology.drugs.vocabulary import MICROMOLES, NAMED_OCCASIONS_H, constant, covariate
from twins.pharmacology.population import Citation, Occasions, PopulationModel, on
from twins.pharmacology.residual import Residual, ResidualKind
from twins.pharmacology.structure import CENTRAL_VOLUME, CLEARANCE, Q2, Q3, V2, V3, compartments
from twins.pharmacology.target import Metric, Target
from twins.quantities.sentence import ours

Array = NDArray[np.float64]

UNIT = "umol/L"


def _faltaos(chart: Mapping[str, Array]) -> dict[str, Array]:
    creatinine, age = chart["creatinine_mg_per_dl"] * MICROMOLES, chart["age_y"]
    return {
        CLEARANCE: 7.1 * (creatinine / 67.0) ** -0.43 * (age / 62.0) ** -0.22,
        CENTRAL_VOLUME: constant(25.1, age),
        Q2: constant(0.15, age),
        V2: constant(2.7, age),
    }


FALTAOS_2006 = PopulationModel(
    id="methotrexate-faltaos-2006",
    version="1",
    drug="methotrexate",
    title="Faltaos 2006",
    system=compartments(2, unit=UNIT, scale=2.2),
    typical=_faltaos,
    etas=on(CLEARANCE, CENTRAL_VOLUME, Q2, V2),
    omega=triangle((0.266256,), (0.002401, 0.233289), (0.0, 0.0, 0.430336), (0.0, 0.0, 0.084164, 0.4096)),
    omega_convention="variances and covariances of eta, as in the NONMEM control file",
    residuals={
        "concentration": Residual(ResidualKind.VARIANCE_SUM, additive=15.0, proportional=float(np.sqrt(0.2116)))
    },
    covariates=(
        covariate("creatinine_mg_per_dl", median=67.0 / MICROMOLES),
        covariate("age_y", low=18.0, median=62.0),
    ),
    clinical_inputs=("age_y", "creatinine_mg_per_dl"),
    occasions=Occasions(on(CLEARANCE), diagonal(0.027225), NAMED_OCCASIONS_H),
    population="Adults on high-dose methotrexate; the number of patients was not read",
    citation=Citation(
        ours(
            "Faltaos DW et al. Cancer Chemother Pharmacol 2006, as coded for Le Louedec F et al. CPT Pharmacometrics "
            "Syst Pharmacol 2021, doi 10.1002/psp4.12689"
        ),
        "",
        ("FelicienLL/mapbayr-CPTPSP-2021 nonmem code/run951.mod",),
    ),
    unverified=(
        "Read in a single file; the article's DOI, its population and covariate ranges were not verified.",
        "1 mg/L is 2.2 µmol/L as in the file; the molar mass gives 2.2005.",
        "An occasion is a cycle; a course names its own, or has one.",
    ),
    intended=("Adults on high doses, to foresee the clearance of the drug.",),
    cautioned=("Levels below some 15 µmol/L: the additive residual is 15 µmol/L.", "Glucarpidase disturbs the assay."),
)


def _taylor(chart: Mapping[str, Array]) -> dict[str, Array]:
    size = chart["body_surface_area_m2"] / 1.73
    creatinine = chart["creatinine_mg_per_dl"] * MICROMOLES
    return {
        CLEARANCE: 11.0 * size * (creatinine / 29.0) ** -0.247,
        CENTRAL_VOLUME: 16.5 * size,
        Q2: 0.602 * size,
        V2: 4.55 * size,
        Q3: 0.111 * size,
        V3: 13.1 * size,
    }


TAYLOR_2020 = PopulationModel(
    id="methotrexate-taylor-2020-mtxpk",
    version="1",
    drug="methotrexate",
    title="Taylor 2020 (MTXPK.org)",
    system=compartments(3, unit=UNIT, scale=1000.0 / 454.44),
    typical=_taylor,
    etas=on(CLEARANCE, V2, Q3, V3),
    omega=diagonal(0.08, 0.12, 0.13, 0.10),
    omega_convention="variance of eta, as the article tabulates it; none of central volume and first exchange",
    residuals={},
    covariates=(
        covariate("body_surface_area_m2", 0.4, 2.31, 0.745),
        covariate("creatinine_mg_per_dl", median=29.0 / MICROMOLES),
        covariate("age_y", 1.0, 18.83, 4.0),
        covariate("weight_kg", 7.2, 105.0, 17.8),
    ),
    clinical_inputs=("weight_kg", "height_cm", "creatinine_mg_per_dl"),
    derived={"body_surface_area_m2": BODY_SURFACE_AREA},
    population="772 children with acute lymphoblastic leukaemia, 4986 courses, 31 672 concentrations",
    citation=Citation(
        "Taylor ZL et al. Clin Pharmacol Ther 2020;108:635-643",
        "10.1002/cpt.1957",
        ("nlmixr2/nlmixr2lib inst/modeldb/specificDrugs/Taylor_2020_methotrexate.R",),
    ),
    unverified=(
        "The residual error is exponential, and its size is not reported: no residual ships, and levels cannot be "
        "fitted.",
        "The article does not name its equation of body surface; Du Bois is used where none is charted.",
    ),
    intended=("Simulation of 5 to 8 g/m² over 24 h in children.",),
    cautioned=("Not for fitting levels.", "Adults."),
)

METHOTREXATE = Drug(
    name="methotrexate",
    title="Methotrexate (high dose)",
    models=(FALTAOS_2006.id, TAYLOR_2020.id),
    targets=(
        Target(
            f"AUC 1000–1100 µmol·h/L ({ours('lymphoma of the central nervous system')})",
            1000.0,
            1100.0,
            "dosing algorithm for primary lymphoma of the central nervous system, Br J Clin Pharmacol, doi "
            "10.1111/j.1365-2125.2011.04084.x (PMC3269583); that the window is 72 h is a house setting",
            Metric.AUC,
            "umol.h/L",
            window_h=72.0,
            harm="kidney, marrow and mucosa",
        ),
    ),
    practice=Practice(
        step_mg=100.0,
        min_mg=500.0,
        max_mg=20000.0,
        max_daily_mg=20000.0,
        intervals_h=(168.0, 336.0, 504.0),
        max_rate_mg_per_h=10000.0,
        source=ours("All limits are house settings; confirm them with the protocol."),
    ),
    level_unit=UNIT,
    high_alert=True,
)

MODELS = (FALTAOS_2006, TAYLOR_2020)
