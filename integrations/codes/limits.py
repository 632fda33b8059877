"""What no living person can have: outside these limits a value is a slip of unit, decimal point or probe.

They are wide on purpose: alarms and doubts about possible values are the work of ``twins.samples.quality``. The limits
start from the ranges of the MIMIC-III benchmark (Harutyunyan et al. 2019, doi:10.1038/s41597-019-0103-9,
``resources/variable_ranges.csv``: a valid range, and outlier limits around it); each change is named beside the number.
"""

from dataclasses import dataclass

from twins.samples.channel import Channel


@dataclass(frozen=True, slots=True)
class Limits:
    """Lowest and highest possible value in the channel's unit, both possible themselves."""

    low: float
    high: float


LIMITS = {
    Channel.VANCOMYCIN: Limits(0.0, 500.0),  # ours: no published range; several times any level of an overdose
    # Ours, in the same way: several times any level of an overdose.
    Channel.GENTAMICIN: Limits(0.0, 200.0),
    Channel.TOBRAMYCIN: Limits(0.0, 200.0),
    Channel.AMIKACIN: Limits(0.0, 500.0),
    Channel.VORICONAZOLE: Limits(0.0, 100.0),
    Channel.TACROLIMUS: Limits(0.0, 500.0),
    Channel.DIGOXIN: Limits(0.0, 100.0),
    Channel.PHENOBARBITAL: Limits(0.0, 500.0),
    Channel.ALBUMIN: Limits(1.0, 100.0),  # ours: from analbuminaemia to beyond any dehydration
    Channel.HAEMATOCRIT: Limits(0.01, 0.99),  # ours: a fraction; 45 sent as such is a percentage with its unit lost
    Channel.CREATININE: Limits(
        0.01, 66.0
    ),  # the range's outlier limit; above zero, for an assay of zero is a failed one
    Channel.WEIGHT: Limits(0.2, 700.0),  # the range ends at 250 kg, which people with obesity exceed; above zero
    Channel.HEIGHT: Limits(20.0, 275.0),  # the outlier limit; from the smallest newborn
    Channel.HEART_RATE: Limits(1.0, 390.0),  # the outlier limit; no beat at all is a lead that fell off, or a death
    Channel.RESPIRATORY_RATE: Limits(0.0, 300.0),  # zero is apnoea, which is possible
    Channel.OXYGEN_SATURATION: Limits(1.0, 100.0),
    Channel.SYSTOLIC_PRESSURE: Limits(1.0, 375.0),
    Channel.DIASTOLIC_PRESSURE: Limits(0.0, 375.0),
    # From the coldest who survived (Gilbert et al. 2000, doi:10.1016/S0140-6736(00)01021-7) to the outlier limit.
    Channel.TEMPERATURE: Limits(13.7, 47.0),
    # Ours: above zero, and beyond any hyperosmolar crisis; meters and sensors themselves end far below.
    Channel.GLUCOSE: Limits(1.0, 3000.0),
    Channel.SENSOR_GLUCOSE: Limits(1.0, 3000.0),
}
