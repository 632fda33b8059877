"""Who lies on the ward: fourteen invented people and the story of each. No real person is meant.

Times are hours since the ward's epoch. What is drawn at random (etas, residual error, vital signs) is not here but in
``patients.py`` and ``vitals.py``.
"""

from dataclasses import dataclass

GOTI = "vancomycin-goti-2018"
THOMSON = "vancomycin-thomson-2009"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A SNOMED CT concept and when it was written down."""

    code: str
    display: str
    onset_h: float


@dataclass(frozen=True, slots=True)
class ScriptedOrder:
    """`amount_mg` over `duration_h` every `interval_h` in [start_h, end_h); the first dose may be a loading dose."""

    start_h: float
    end_h: float
    amount_mg: float
    interval_h: float
    duration_h: float
    loading_mg: float | None = None


@dataclass(frozen=True, slots=True)
class VitalSigns:
    """Means around which the vital signs wander: /min, %, mm[Hg], mm[Hg], Cel, /min."""

    heart_rate: float
    oxygen_saturation: float
    systolic: float
    diastolic: float
    temperature: float
    respiratory_rate: float


@dataclass(frozen=True, slots=True)
class Profile:
    """One person's story.

    Attributes
    ----------
    creatinine
        Knots (hour, mg/dL) of the true serum creatinine, linear in between and level outside.
    levels
        Which levels are drawn: (number of the dose, hours from that dose's start); negative is before it.
    monitored
        In a bed with a monitor: heart rate and oxygen saturation every five minutes.
    not_given, end_missing
        Numbers of the doses that were ordered and not given, and whose infusion's end nobody wrote down.
    model_id
        The published model that the person's kinetics are drawn from; None where no vancomycin is given.
    """

    key: str
    family: str
    given: str
    sex: str
    age_y: int
    weight_kg: float
    height_cm: float
    bed: str
    admitted_h: float
    creatinine: tuple[tuple[float, float], ...]
    vitals: VitalSigns
    diagnoses: tuple[Diagnosis, ...]
    model_id: str | None = None
    orders: tuple[ScriptedOrder, ...] = ()
    levels: tuple[tuple[int, float], ...] = ()
    monitored: bool = False
    creatinine_in_si: bool = False
    not_given: frozenset[int] = frozenset()
    end_missing: frozenset[int] = frozenset()


PROFILES: tuple[Profile, ...] = (
    Profile(
        key="stable", family="Okafor", given="Daniel", sex="male", age_y=58, weight_kg=82.0, height_cm=178.0,
        bed="Surgery 4, bed 12", admitted_h=-8.0, creatinine=((0, 0.92), (336, 0.96)),
        vitals=VitalSigns(78, 96.5, 132, 78, 37.4, 16),
        diagnoses=(Diagnosis("60168000", "Osteomyelitis", -6.0),),
        model_id=GOTI, orders=(ScriptedOrder(6.0, 246.0, 1250.0, 12.0, 1.5, 2000.0),),
        levels=((3, -0.5), (5, 4.0), (6, -0.5), (10, -0.5), (14, -0.5)),
    ),
    Profile(
        key="augmented", family="Lindqvist", given="Jonas", sex="male", age_y=27, weight_kg=88.0, height_cm=186.0,
        bed="Intensive care, bed 3", admitted_h=-20.0, creatinine=((0, 0.62), (48, 0.55), (336, 0.6)),
        vitals=VitalSigns(104, 97.0, 138, 74, 38.3, 20),
        diagnoses=(Diagnosis("417746004", "Traumatic injury", -20.0), Diagnosis("91302008", "Sepsis", 2.0)),
        model_id=GOTI,
        orders=(ScriptedOrder(4.0, 100.0, 1000.0, 12.0, 1.0), ScriptedOrder(100.0, 268.0, 1500.0, 8.0, 1.5)),
        levels=((2, -0.5), (3, 3.5), (4, -0.5), (10, -0.5), (14, -0.5)), monitored=True,
    ),
    Profile(
        key="kidney-injury", family="Moreau", given="Hélène", sex="female", age_y=64, weight_kg=71.0, height_cm=165.0,
        bed="Intensive care, bed 5", admitted_h=-14.0,
        creatinine=((0, 0.88), (20, 0.98), (44, 1.55), (68, 2.35), (92, 2.9), (140, 2.4), (236, 1.3), (336, 1.05)),
        vitals=VitalSigns(96, 94.5, 108, 62, 38.0, 22),
        diagnoses=(Diagnosis("91302008", "Sepsis", -13.0), Diagnosis("14669001", "Acute kidney injury", 47.0)),
        model_id=GOTI,
        orders=(ScriptedOrder(3.0, 86.0, 1000.0, 12.0, 1.0, 1750.0), ScriptedOrder(99.0, 219.0, 750.0, 24.0, 1.0)),
        levels=((2, -0.5), (4, -0.5), (6, -0.5), (7, -0.5), (9, -0.5)), monitored=True,
    ),
    Profile(
        key="obesity", family="Kowalczyk", given="Marek", sex="male", age_y=45, weight_kg=164.0, height_cm=181.0,
        bed="Medicine 2, bed 7", admitted_h=-5.0, creatinine=((0, 1.05), (336, 1.0)),
        vitals=VitalSigns(88, 94.0, 148, 86, 37.9, 18),
        diagnoses=(Diagnosis("414916001", "Obesity", -5.0), Diagnosis("128045006", "Cellulitis", -4.0)),
        model_id=GOTI, orders=(ScriptedOrder(5.0, 173.0, 1750.0, 12.0, 2.0, 3000.0),),
        levels=((2, -0.5), (3, 4.0), (5, -0.5), (9, -0.5)),
    ),
    Profile(
        key="haemodialysis", family="Farouk", given="Amina", sex="female", age_y=66, weight_kg=68.0, height_cm=160.0,
        bed="Renal 1, bed 4", admitted_h=-30.0,
        creatinine=((0, 6.4), (24, 7.6), (30, 4.4), (72, 7.2), (78, 4.5), (120, 7.4), (126, 4.6), (336, 6.0)),
        vitals=VitalSigns(82, 95.5, 152, 84, 37.2, 17),
        diagnoses=(
            Diagnosis("105502003", "Dependence on renal dialysis", -30.0),
            Diagnosis("91302008", "Sepsis", -2.0),
        ),
        model_id=GOTI, orders=(ScriptedOrder(8.0, 248.0, 500.0, 48.0, 1.0, 1500.0),),
        levels=((1, -0.5), (2, -0.5), (3, -0.5)), monitored=True,
    ),
    Profile(
        key="elderly", family="Whitlock", given="Edith", sex="female", age_y=88, weight_kg=43.5, height_cm=151.0,
        bed="Geriatrics 3, bed 2", admitted_h=-12.0, creatinine=((0, 0.78), (336, 0.82)),
        vitals=VitalSigns(74, 95.0, 126, 68, 37.1, 17),
        diagnoses=(Diagnosis("233604007", "Pneumonia", -11.0),),
        model_id=THOMSON, orders=(ScriptedOrder(7.0, 175.0, 750.0, 24.0, 1.0, 1000.0),),
        levels=((1, -0.5), (2, 5.0), (3, -0.5), (5, -0.5)),
    ),
    Profile(
        key="no-level", family="Petrov", given="Nikolai", sex="male", age_y=39, weight_kg=76.0, height_cm=174.0,
        bed="Intensive care, bed 1", admitted_h=58.0, creatinine=((58, 1.1), (336, 0.95)),
        vitals=VitalSigns(92, 95.5, 118, 70, 38.4, 21),
        diagnoses=(Diagnosis("56819008", "Endocarditis", 60.0),),
        model_id=GOTI, orders=(ScriptedOrder(62.0, 302.0, 1000.0, 8.0, 1.0, 2000.0),),
        levels=((5, -0.5), (7, 3.5), (10, -0.5), (16, -0.5)), monitored=True,
    ),
    Profile(
        key="missed-dose", family="Da Silva", given="Beatriz", sex="female", age_y=52, weight_kg=63.0, height_cm=162.0,
        bed="Surgery 4, bed 9", admitted_h=-9.0, creatinine=((0, 0.74), (336, 0.78)),
        vitals=VitalSigns(84, 97.5, 122, 74, 37.8, 16),
        diagnoses=(Diagnosis("128045006", "Cellulitis", -8.0),),
        model_id=THOMSON, orders=(ScriptedOrder(9.0, 189.0, 1000.0, 12.0, 1.0),),
        levels=((2, -0.5), (4, -0.5), (5, 3.5), (8, -0.5)), not_given=frozenset({3}),
    ),
    Profile(
        key="end-missing", family="Hartmann", given="Ulrich", sex="male", age_y=71, weight_kg=79.0, height_cm=172.0,
        bed="Medicine 2, bed 11", admitted_h=-6.0, creatinine=((0, 1.22), (336, 1.28)),
        vitals=VitalSigns(80, 94.5, 136, 76, 37.5, 18),
        diagnoses=(Diagnosis("233604007", "Pneumonia", -5.0), Diagnosis("84114007", "Heart failure", -5.0)),
        model_id=THOMSON, orders=(ScriptedOrder(2.0, 170.0, 750.0, 12.0, 1.0, 1500.0),),
        levels=((2, -0.5), (4, 3.5), (5, -0.5), (9, -0.5)), end_missing=frozenset({1}),
    ),
    Profile(
        key="appendix", family="Nakamura", given="Yuki", sex="female", age_y=34, weight_kg=58.0, height_cm=161.0,
        bed="Surgery 4, bed 3", admitted_h=20.0, creatinine=((20, 0.66), (336, 0.64)),
        vitals=VitalSigns(76, 98.5, 116, 70, 37.0, 15),
        diagnoses=(Diagnosis("74400008", "Appendicitis", 20.0),),
    ),
    Profile(
        key="heart-failure", family="O'Brien", given="Seán", sex="male", age_y=79, weight_kg=91.0, height_cm=175.0,
        bed="Medicine 2, bed 1", admitted_h=-26.0, creatinine=((0, 1.45), (336, 1.6)),
        vitals=VitalSigns(86, 92.5, 112, 64, 36.6, 20),
        diagnoses=(Diagnosis("84114007", "Heart failure", -26.0),), creatinine_in_si=True,
    ),
    Profile(
        key="pneumonia", family="Mbeki", given="Thandiwe", sex="female", age_y=47, weight_kg=70.0, height_cm=168.0,
        bed="Intensive care, bed 2", admitted_h=10.0, creatinine=((10, 0.85), (336, 0.8)),
        vitals=VitalSigns(98, 92.0, 124, 72, 38.5, 24),
        diagnoses=(Diagnosis("233604007", "Pneumonia", 10.0),), monitored=True,
    ),
    Profile(
        key="fracture", family="Rossi", given="Giulia", sex="female", age_y=83, weight_kg=55.0, height_cm=157.0,
        bed="Geriatrics 3, bed 6", admitted_h=-40.0, creatinine=((0, 1.0), (336, 1.02)),
        vitals=VitalSigns(72, 95.5, 142, 76, 36.8, 16),
        diagnoses=(Diagnosis("417746004", "Traumatic injury", -40.0),),
    ),
    Profile(
        key="observation", family="Singh", given="Arjun", sex="male", age_y=22, weight_kg=69.0, height_cm=177.0,
        bed="Medicine 2, bed 5", admitted_h=44.0, creatinine=((44, 0.9), (336, 0.88)),
        vitals=VitalSigns(70, 98.5, 120, 72, 36.7, 14),
        diagnoses=(Diagnosis("128045006", "Cellulitis", 44.0),),
    ),
)  # fmt: skip
