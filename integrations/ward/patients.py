"""The patients of the ward: what happens to each of them, and the hidden truth that it is generated from.

A patient's individual parameters are drawn from the population model that the profile names (eta ~ N(0, omega)); the
true concentration follows from every dose really given and from creatinine and weight as they are measured, carried
forward; a reported level is the true concentration with the model's residual error on it. Nothing depends on anything
but the seed, the profile and the epoch. All times are hours since the epoch, on whole minutes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import numpy as np
from numpy.typing import ArrayLike, NDArray

from integrations.ward.profiles import GOTI, PROFILES, Profile, ScriptedOrder, VitalSigns
from integrations.ward.randomness import stream
from twins.forecasts import simulate
from twins.pharmacology import formulary
from twins.quantities.dose import Dose
from twins.samples.course import Course, CovariateValue, Level

HORIZON_H = 336.0
"""How long the story is: two weeks from the epoch; afterwards nothing new happens."""

DRUG = "vancomycin"
QUANTIFICATION_LIMIT_MG_PER_L = 0.5
"""The laboratory reports no level below it: the error is drawn again."""


@dataclass(frozen=True, slots=True)
class WardDose:
    """One administration that was due; `charted_h` is when the ward wrote it down."""

    order: int
    due_h: float
    start_h: float
    amount_mg: float
    duration_h: float
    charted_h: float
    loading: bool = False
    given: bool = True
    end_known: bool = True


@dataclass(frozen=True, slots=True)
class Measurement:
    """A value taken at `time_h` and known from `known_h` on."""

    time_h: float
    value: float
    known_h: float


@dataclass(frozen=True, slots=True)
class Truth:
    """What nobody on the ward knows: the individual and everything that really happened to them."""

    model_id: str
    eta_names: tuple[str, ...]
    etas: tuple[float, ...]
    course: Course

    def concentration(self, times_h: ArrayLike) -> NDArray[np.float64]:
        """True concentration in mg/L, without residual error, at hours since the epoch; shape of `times_h`."""
        times = np.asarray(times_h, dtype=np.float64)
        model = formulary.model(self.model_id)
        rows = simulate.concentrations(model, self.course, np.array([self.etas]), None, times.ravel())
        return np.asarray(rows[0], dtype=np.float64).reshape(times.shape)


@dataclass(frozen=True, slots=True)
class WardPatient:
    """One patient: who they are, what was ordered, given and measured, and the truth (None without vancomycin)."""

    id: str
    record_number: str
    birth_date: date
    profile: Profile
    epoch: datetime
    horizon_h: float
    doses: tuple[WardDose, ...]
    levels: tuple[Measurement, ...]
    creatinine: tuple[Measurement, ...]
    """mg/dL."""
    weight: tuple[Measurement, ...]
    height: tuple[Measurement, ...]
    truth: Truth | None

    @property
    def orders(self) -> tuple[ScriptedOrder, ...]:
        return self.profile.orders

    @property
    def haemodialysis(self) -> bool:
        return any(diagnosis.code == "105502003" for diagnosis in self.profile.diagnoses)

    def course(self, known_h: float) -> Course:
        """The course as the chart shows it at `known_h` hours since the epoch, which is also the course's start."""
        return _course(
            self,
            until_h=known_h,
            doses=[d for d in self.doses if d.given and d.charted_h <= known_h],
            levels=[m for m in self.levels if m.known_h <= known_h],
            known_h=known_h,
        )


def ward_patients(seed: int, epoch: datetime, *, horizon_h: float = HORIZON_H) -> tuple[WardPatient, ...]:
    """The ward's fourteen patients, nine of them on vancomycin; equal arguments give equal patients."""
    return tuple(
        _live(profile, seed, epoch, f"ward-p{number:02}", horizon_h) for number, profile in enumerate(PROFILES, start=1)
    )


def random_patient(
    seed: int, epoch: datetime, *, model_id: str = GOTI, horizon_h: float = 120.0, known_h: float = 48.0
) -> WardPatient:
    """Somebody on vancomycin with stable kidneys, drawn by `seed`, with two to four levels known by `known_h`."""
    draw = stream(seed, "random-patient")
    sex = "male" if draw.random() < 0.55 else "female"
    age = int(draw.integers(25, 86))
    weight = round(float(np.clip(draw.normal(84 if sex == "male" else 72, 15), 45, 150)), 1)
    creatinine = round(float(np.clip(np.exp(draw.normal(np.log(0.9), 0.35)), 0.4, 3.5)), 2)
    amount = 250.0 * round(15.0 * weight / 250.0)
    interval = 24.0 if creatinine > 1.4 else 12.0
    start = round(float(draw.uniform(0.5, 6.0)), 1)
    order = ScriptedOrder(start, horizon_h, amount, interval, amount / 1000.0, 250.0 * round(25.0 * weight / 250.0))
    due = [(k, offset) for k in range(1, 12) for offset in (-0.5, interval / 3)]
    possible = [(k, offset) for k, offset in due if start + k * interval + offset + 3.0 < known_h]
    wanted = min(len(possible), int(draw.integers(2, 5)))
    levels = tuple(sorted(possible[i] for i in draw.choice(len(possible), size=wanted, replace=False)))
    profile = Profile(
        key=f"random-{seed}",
        family="Random",
        given=str(seed),
        sex=sex,
        age_y=age,
        weight_kg=weight,
        height_cm=round(float(draw.normal(177 if sex == "male" else 164, 7)), 0),
        bed="Medicine 2",
        admitted_h=-3.0,
        creatinine=((0.0, creatinine),),
        vitals=VitalSigns(80, 96, 125, 75, 37.2, 16),
        diagnoses=(),
        model_id=model_id,
        orders=(order,),
        levels=levels,
    )
    return _live(profile, seed, epoch, f"random-{seed}", horizon_h)


def _live(profile: Profile, seed: int, epoch: datetime, patient_id: str, horizon_h: float) -> WardPatient:
    chart = stream(seed, profile.key, "chart")
    birth_date = (epoch - timedelta(days=round(profile.age_y * 365.25 + chart.uniform(30, 330)))).date()
    patient = WardPatient(
        id=patient_id,
        record_number=f"{chart.integers(10**6, 10**7)}",
        birth_date=birth_date,
        profile=profile,
        epoch=epoch,
        horizon_h=horizon_h,
        doses=_doses(profile, stream(seed, profile.key, "doses"), horizon_h),
        levels=(),
        creatinine=_creatinine(profile, stream(seed, profile.key, "creatinine"), horizon_h),
        weight=_weight(profile, stream(seed, profile.key, "weight")),
        height=(Measurement(_minute(profile.admitted_h + 1), profile.height_cm, _minute(profile.admitted_h + 1.1)),),
        truth=None,
    )
    if profile.model_id is None:
        return patient
    model = formulary.model(profile.model_id)
    etas = stream(seed, profile.key, "etas").multivariate_normal(np.zeros(len(model.eta_on)), model.omega)
    true_course = _course(
        patient, until_h=horizon_h, doses=[d for d in patient.doses if d.given], levels=[], known_h=np.inf
    )
    truth = Truth(profile.model_id, model.eta_on, tuple(float(eta) for eta in etas), true_course)
    levels = _levels(patient, truth, stream(seed, profile.key, "levels"))
    return replace(patient, truth=truth, levels=levels)


def _minute(hours: float) -> float:
    return round(hours * 60.0) / 60.0


def _doses(profile: Profile, draw: np.random.Generator, horizon_h: float) -> tuple[WardDose, ...]:
    doses: list[WardDose] = []
    for number, order in enumerate(profile.orders):
        due = order.start_h
        while due < min(order.end_h, horizon_h):
            k = len(doses)
            loading = due == order.start_h and order.loading_mg is not None
            amount = order.loading_mg if loading and order.loading_mg is not None else order.amount_mg
            start = _minute(due + draw.uniform(0, 20) / 60)
            length = _minute(order.duration_h * amount / order.amount_mg)
            charted = _minute(start + length + draw.uniform(2, 10) / 60)
            given = k not in profile.not_given
            doses.append(
                WardDose(
                    number,
                    due,
                    start if given else _minute(due),
                    amount,
                    length,
                    charted if given else _minute(due + 1),
                    loading,
                    given,
                    k not in profile.end_missing,
                )
            )
            due += order.interval_h
    return tuple(doses)


def _creatinine(profile: Profile, draw: np.random.Generator, horizon_h: float) -> tuple[Measurement, ...]:
    """On admission and then every 24 h; 3 % analytical error."""
    hours, values = zip(*profile.creatinine, strict=True)
    times = [profile.admitted_h + 1.0]
    morning = 20.0 - 24.0 * np.ceil((20.0 - times[0]) / 24.0)
    while (morning := morning + 24.0) < horizon_h:
        if morning - times[0] > 6.0:
            times.append(float(morning))
    measured = []
    for time in times:
        true = float(np.interp(time, hours, values))
        taken = _minute(time + draw.uniform(-15, 15) / 60)
        value = round(true * float(np.exp(0.03 * draw.standard_normal())), 2)
        measured.append(Measurement(taken, value, _minute(taken + draw.uniform(0.7, 1.3))))
    return tuple(measured)


def _weight(profile: Profile, draw: np.random.Generator) -> tuple[Measurement, ...]:
    """On admission, and once more four days later."""
    first = _minute(profile.admitted_h + 1.0)
    later = _minute(first + 96.0)
    changed = round(profile.weight_kg * (1 + 0.01 * float(draw.standard_normal())), 1)
    return (
        Measurement(first, profile.weight_kg, _minute(first + 0.1)),
        Measurement(later, changed, _minute(later + 0.1)),
    )


def _levels(patient: WardPatient, truth: Truth, draw: np.random.Generator) -> tuple[Measurement, ...]:
    residual = formulary.model(truth.model_id).residual
    levels = []
    for number, offset in patient.profile.levels:
        if number >= len(patient.doses):
            continue
        dose = patient.doses[number]
        drawn = _minute(dose.start_h + offset - draw.uniform(0, 10) / 60)
        resulted = _minute(drawn + float(np.clip(draw.normal(1.0, 0.2), 0.6, 1.8)))
        true = truth.concentration([drawn])
        deviation = float(np.sqrt(residual.variance(true))[0])
        value = 0.0
        while value < QUANTIFICATION_LIMIT_MG_PER_L:
            value = round(float(true[0]) + deviation * float(draw.standard_normal()), 1)
        levels.append(Measurement(drawn, value, resulted))
    return tuple(levels)


def _course(
    patient: WardPatient, *, until_h: float, doses: Sequence[WardDose], levels: Sequence[Measurement], known_h: float
) -> Course:
    """The course of `doses` and `levels` with every covariate known by `known_h`."""
    constant = {
        "age_y": float(patient.profile.age_y),
        "male": float(patient.profile.sex == "male"),
        "haemodialysis": float(patient.haemodialysis),
    }
    covariates = [CovariateValue(name, 0.0, value) for name, value in constant.items()]
    for name, series in (
        ("creatinine_mg_per_dl", patient.creatinine),
        ("weight_kg", patient.weight),
        ("height_cm", patient.height),
    ):
        covariates += [CovariateValue(name, m.time_h, m.value) for m in series if m.known_h <= known_h]
    return Course(
        drug=DRUG,
        start=patient.epoch,
        until_h=until_h,
        doses=tuple(Dose(d.start_h, d.amount_mg, d.duration_h) for d in sorted(doses, key=lambda d: d.start_h)),
        levels=tuple(Level(m.time_h, m.value) for m in sorted(levels, key=lambda m: m.time_h)),
        covariates=tuple(covariates),
    )
