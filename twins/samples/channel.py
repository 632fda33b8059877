"""What can be measured of a patient, each in one canonical unit."""

from enum import StrEnum

from twins.quantities.sentence import names


class Channel(StrEnum):
    """A measured quantity; `unit` is the UCUM code its values are stored in."""

    # Levels of drugs, each named as its drug.
    VANCOMYCIN = "vancomycin"
    GENTAMICIN = "gentamicin"
    TOBRAMYCIN = "tobramycin"
    AMIKACIN = "amikacin"
    VORICONAZOLE = "voriconazole"
    TACROLIMUS = "tacrolimus"
    DIGOXIN = "digoxin"
    PHENOBARBITAL = "phenobarbital"
    # What models read beside levels.
    ALBUMIN = "albumin"
    HAEMATOCRIT = "haematocrit"
    CREATININE = "creatinine"
    WEIGHT = "weight"
    HEIGHT = "height"
    HEART_RATE = "heart_rate"
    RESPIRATORY_RATE = "respiratory_rate"
    OXYGEN_SATURATION = "oxygen_saturation"
    SYSTOLIC_PRESSURE = "systolic_pressure"
    DIASTOLIC_PRESSURE = "diastolic_pressure"
    TEMPERATURE = "temperature"
    GLUCOSE = "glucose"
    SENSOR_GLUCOSE = "sensor_glucose"
    """In interstitial fluid, which follows the blood with a lag: never mixed with `GLUCOSE`."""

    @property
    def unit(self) -> str:
        return _UNITS[self]

    @property
    def label(self) -> str:
        return _LABELS[self]


LEVELS = (
    Channel.VANCOMYCIN,
    Channel.GENTAMICIN,
    Channel.TOBRAMYCIN,
    Channel.AMIKACIN,
    Channel.VORICONAZOLE,
    Channel.TACROLIMUS,
    Channel.DIGOXIN,
    Channel.PHENOBARBITAL,
)
"""The channels that hold levels of a drug, in its total concentration."""

_UNITS = {
    **dict.fromkeys(LEVELS, "mg/L"),
    Channel.TACROLIMUS: "ug/L",
    Channel.DIGOXIN: "ng/mL",
    Channel.ALBUMIN: "g/L",
    Channel.HAEMATOCRIT: "L/L",
    Channel.CREATININE: "mg/dL",
    Channel.WEIGHT: "kg",
    Channel.HEIGHT: "cm",
    Channel.HEART_RATE: "/min",
    Channel.RESPIRATORY_RATE: "/min",
    Channel.OXYGEN_SATURATION: "%",
    Channel.SYSTOLIC_PRESSURE: "mm[Hg]",
    Channel.DIASTOLIC_PRESSURE: "mm[Hg]",
    Channel.TEMPERATURE: "Cel",
    Channel.GLUCOSE: "mg/dL",
    Channel.SENSOR_GLUCOSE: "mg/dL",
}

_LABELS = {
    **{channel: f"{channel.value.capitalize()} level" for channel in LEVELS},
    Channel.ALBUMIN: "Serum albumin",
    Channel.HAEMATOCRIT: "Haematocrit",
    Channel.CREATININE: "Serum creatinine",
    Channel.WEIGHT: "Body weight",
    Channel.HEIGHT: "Height",
    Channel.HEART_RATE: "Heart rate",
    Channel.RESPIRATORY_RATE: "Respiratory rate",
    Channel.OXYGEN_SATURATION: "Oxygen saturation",
    Channel.SYSTOLIC_PRESSURE: "Systolic blood pressure",
    Channel.DIASTOLIC_PRESSURE: "Diastolic blood pressure",
    Channel.TEMPERATURE: "Body temperature",
    Channel.GLUCOSE: "Blood glucose",
    Channel.SENSOR_GLUCOSE: "Sensor glucose",
}
LABELS = names(*_LABELS.values())
