"""Short ways to write a course in tests."""

from collections.abc import Sequence
from datetime import UTC, datetime

from twins.quantities.dose import Dose
from twins.samples.course import Course, CovariateValue, Finding, Level, OrderedRegimen

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def course(
    *,
    doses: Sequence[tuple[float, float, float]] = ((0.0, 1000.0, 1.0), (12.0, 1000.0, 1.0), (24.0, 1000.0, 1.0)),
    levels: Sequence[tuple[float, float]] = (),
    until: float = 36.0,
    clearance: float | None = None,
    creatinine: Sequence[tuple[float, float]] = ((0.0, 1.0),),
    weight: float | None = 80.0,
    age: float | None = 55.0,
    male: float | None = 1.0,
    dialysis: float | None = None,
    orders: Sequence[OrderedRegimen] = (),
    findings: Sequence[Finding] = (),
    drug: str = "vancomycin",
) -> Course:
    """A course; doses are (start h, mg, duration h), levels (h, mg/L), creatinine (h, mg/dL).

    A `clearance` (mL/min) stands in for age, sex and creatinine. None leaves a covariate out.
    """
    covariates = [] if clearance is None else [CovariateValue("creatinine_clearance_ml_per_min", 0.0, clearance)]
    single = {"weight_kg": weight, "haemodialysis": dialysis}
    if clearance is None:
        single |= {"age_y": age, "male": male}
        covariates += [
            CovariateValue("creatinine_mg_per_dl", time, value, f"Observation/creatinine-{k}")
            for k, (time, value) in enumerate(creatinine)
        ]
    covariates += [CovariateValue(name, 0.0, value) for name, value in single.items() if value is not None]
    return Course(
        drug=drug,
        start=START,
        until_h=until,
        doses=tuple(
            Dose(start_h=dose[0], amount_mg=dose[1], duration_h=dose[2], source=f"MedicationAdministration/{k}")
            for k, dose in enumerate(doses)
        ),
        levels=tuple(Level(time, value, f"Observation/level-{k}") for k, (time, value) in enumerate(levels)),
        covariates=tuple(covariates),
        orders=tuple(orders),
        findings=tuple(findings),
    )
