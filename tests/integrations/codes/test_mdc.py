"""MDC codes: 32 bits of partition and term."""

import pytest

from integrations.codes import loinc, mdc
from integrations.codes.limits import LIMITS
from integrations.codes.measured import channel_of
from twins.samples.channel import Channel


@pytest.mark.parametrize(
    ("code", "name", "channel"),
    [
        # As US Core and the Personal Health Device guide print them.
        ("150456", "MDC_PULS_OXIM_SAT_O2", Channel.OXYGEN_SATURATION),
        ("149530", "MDC_PULS_OXIM_PULS_RATE", Channel.HEART_RATE),
        ("150021", "MDC_PRESS_BLD_NONINV_SYS", Channel.SYSTOLIC_PRESSURE),
        ("150022", "MDC_PRESS_BLD_NONINV_DIA", Channel.DIASTOLIC_PRESSURE),
        ("188736", "MDC_MASS_BODY_ACTUAL", Channel.WEIGHT),
        ("188740", "MDC_LEN_BODY_ACTUAL", Channel.HEIGHT),
        ("147842", "MDC_ECG_HEART_RATE", Channel.HEART_RATE),
        ("151562", "MDC_RESP_RATE", Channel.RESPIRATORY_RATE),
    ],
)
def test_full_codes_are_those_that_guides_print(code: str, name: str, channel: Channel) -> None:
    assert (mdc.TERMS[code].name, mdc.TERMS[code].channel) == (name, channel)


def test_a_full_code_is_the_partition_before_the_term() -> None:
    assert mdc.full_code(2, 19384) == "150456"
    assert mdc.full_code(1, 2439) == "67975"
    with pytest.raises(ValueError, match="65535"):
        mdc.full_code(2, 65536)


def test_the_clocks_are_those_of_the_guides_value_set() -> None:
    assert {"67975", "67983", "68072", "68226"} == mdc.DEVICE_CLOCKS
    assert not mdc.DEVICE_CLOCKS & mdc.TERMS.keys()


def test_the_glucose_of_a_control_solution_is_nobodys() -> None:
    assert mdc.full_code(mdc.SCADA, 29136) not in mdc.TERMS


def test_every_channel_has_limits_and_a_code_of_loinc() -> None:
    assert set(LIMITS) == set(Channel)
    assert {row.channel for row in loinc.MEASUREMENTS.values()} == set(Channel)
    assert {channel_of(loinc.SYSTEM, code) for code in loinc.MEASUREMENTS} == set(Channel)
    assert channel_of("http://snomed.info/sct", "150456") is None
