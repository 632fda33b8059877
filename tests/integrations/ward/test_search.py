from datetime import UTC, datetime

import pytest

from integrations.ward.outcome import FhirError
from integrations.ward.search import moment_parameter, parse_query

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment", "holds"),
    [
        ("2026-03-01T12:00:00Z", NOON, True),
        ("eq2026-03-01", NOON, True),
        ("2026-03", NOON, True),
        ("ge2026-03-01T12:00:00Z", NOON, True),
        ("gt2026-03-01T12:00:00Z", NOON, False),
        ("gt2026-03-01T12:00:00Z", NOON.replace(microsecond=500_000), False),
        ("gt2026-03-01T12:00:00.000Z", NOON.replace(microsecond=500_000), True),
        ("gt2026-03-01T12:00:00Z", NOON.replace(second=1), True),
        ("gt2026-03-01", NOON, False),
        ("le2026-03-01", NOON, True),
        ("lt2026-03-01", NOON, False),
        ("lt2026-03-01T12:00:01Z", NOON, True),
        ("le2026-03-01T12:00:00Z", NOON.replace(microsecond=500_000), True),
        ("ne2026-03-01", NOON, False),
        ("sa2026-02", NOON, True),
        ("eb2027", NOON, True),
        ("ge2026-03-01T14:00:00+02:00", NOON, True),
        ("gt2026-03-01T14:00:00 02:00", NOON, False),  # a + that was not escaped
        ("ge2026-03-01T12:01", NOON, False),
        ("ge2026-12", NOON, False),
    ],
)
def test_a_date_stands_for_the_whole_of_what_it_names(text: str, moment: datetime, holds: bool) -> None:
    assert moment_parameter("_lastUpdated", text).holds(moment) is holds


@pytest.mark.parametrize(
    "text", ["yesterday", "", "2026-13-01", "ge2026-02-30", "xx2026-03-01", "2026-03-01T25:00:00Z"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(FhirError, match="give a FHIR date") as refused:
        moment_parameter("_lastUpdated", text)
    assert refused.value.status == 400


def test_unknown_parameters_are_left_out_unless_the_client_is_strict() -> None:
    query = parse_query("Observation", [("foo", "1"), ("patient", "Patient/x"), ("_count", "7")], strict=False)
    assert query.used == (("patient", "Patient/x"), ("_count", "7"))
    assert query.patients == {"x"}
    with pytest.raises(FhirError, match="foo is not supported"):
        parse_query("Observation", [("foo", "1")], strict=True)


@pytest.mark.parametrize(
    "pair",
    [
        ("_count", "-1"),
        ("_count", "many"),
        ("patient:missing", "true"),
        ("patient", "Group/1"),
        ("_sort", "code"),
        ("_page", "ä"),
    ],
)
def test_what_cannot_be_done_is_refused_and_not_ignored(pair: tuple[str, str]) -> None:
    with pytest.raises(FhirError) as refused:
        parse_query("Observation", [pair], strict=False)
    assert refused.value.status == 400


def test_a_comma_is_or_and_a_second_parameter_is_and() -> None:
    query = parse_query("Observation", [("_id", "a,b"), ("_id", "b,c")], strict=False)
    assert query.ids == {"b"}
