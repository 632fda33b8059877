"""MDC codes of ISO/IEEE 11073-10101, the nomenclature that personal and bedside devices speak.

A term has a number within its partition; over FHIR both are one number of 32 bits, ``partition * 65536 + term``. Terms
and numbers are those of the standard as public sources print them: the headers of the Antidote 11073 library (terms of
the oximeter, pressure meter, thermometer, scale and glucometer), HL7's Personal Health Device guide
(https://hl7.org/fhir/uv/phd, full codes) and its US Core example (150456), and HL7 v2 interface manuals of monitors
(147842, 151562, 150301 and 150302). Numbers found in one place only are left out.
"""

from dataclasses import dataclass

from twins.samples.channel import Channel

SYSTEM = "urn:iso:std:iso:11073:10101"
SCADA = 2
"""Partition of what is measured ("supervisory control and data acquisition")."""
OBJECTS = 1
"""Partition of the object infrastructure: attributes, such as clocks."""


def full_code(partition: int, term: int) -> str:
    """The number of a term over FHIR.

    Raises
    ------
    ValueError
        If either does not fit into 16 bits.
    """
    if not (0 <= partition < 1 << 16 and 0 <= term < 1 << 16):
        raise ValueError(f"partition {partition} and term {term} must be from 0 to 65535")
    return str((partition << 16) + term)


@dataclass(frozen=True, slots=True)
class Term:
    """What one code of the partition SCADA measures."""

    term: int
    name: str
    channel: Channel

    @property
    def code(self) -> str:
        return full_code(SCADA, self.term)


_TABLE = (
    Term(16770, "MDC_ECG_HEART_RATE", Channel.HEART_RATE),
    Term(18458, "MDC_PULS_OXIM_PULS_RATE", Channel.HEART_RATE),
    Term(18474, "MDC_PULS_RATE_NON_INV", Channel.HEART_RATE),
    Term(18949, "MDC_PRESS_BLD_NONINV_SYS", Channel.SYSTOLIC_PRESSURE),
    Term(18950, "MDC_PRESS_BLD_NONINV_DIA", Channel.DIASTOLIC_PRESSURE),
    Term(19229, "MDC_PRESS_CUFF_SYS", Channel.SYSTOLIC_PRESSURE),
    Term(19230, "MDC_PRESS_CUFF_DIA", Channel.DIASTOLIC_PRESSURE),
    Term(19292, "MDC_TEMP_BODY", Channel.TEMPERATURE),
    Term(19384, "MDC_PULS_OXIM_SAT_O2", Channel.OXYGEN_SATURATION),
    Term(20490, "MDC_RESP_RATE", Channel.RESPIRATORY_RATE),
    Term(57664, "MDC_MASS_BODY_ACTUAL", Channel.WEIGHT),
    Term(57668, "MDC_LEN_BODY_ACTUAL", Channel.HEIGHT),
    Term(28948, "MDC_CONC_GLU_GEN", Channel.GLUCOSE),
    Term(29112, "MDC_CONC_GLU_CAPILLARY_WHOLEBLOOD", Channel.GLUCOSE),
    Term(29116, "MDC_CONC_GLU_CAPILLARY_PLASMA", Channel.GLUCOSE),
    Term(29120, "MDC_CONC_GLU_VENOUS_WHOLEBLOOD", Channel.GLUCOSE),
    Term(29124, "MDC_CONC_GLU_VENOUS_PLASMA", Channel.GLUCOSE),
    Term(29128, "MDC_CONC_GLU_ARTERIAL_WHOLEBLOOD", Channel.GLUCOSE),
    Term(29132, "MDC_CONC_GLU_ARTERIAL_PLASMA", Channel.GLUCOSE),
    Term(29140, "MDC_CONC_GLU_ISF", Channel.SENSOR_GLUCOSE),
    # MDC_CONC_GLU_CONTROL (29136) is the glucose of a control solution: nobody's, so it has no channel.
)
TERMS = {row.code: row for row in _TABLE}

DEVICE_CLOCKS = frozenset(full_code(OBJECTS, term) for term in (2439, 2447, 2536, 2690))
"""A device's clock, read by its gateway at one instant (coincident timestamp): the value set MDCClockTypes of HL7's
Personal Health Device guide. 67975 is a clock of wall time (MDC_ATTR_TIME_ABS); the others are of relative time, of
relative time in fine steps, and of time with an offset."""
