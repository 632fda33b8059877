"""Whoever may see some patients only finds no other, by no way that there is."""

from dataclasses import dataclass
from typing import Any

import pytest

from clinic.audit.event import SYSTEM, record
from clinic.audit.models import Action
from integrations.fhir.include import named
from integrations.fhir.registry import TYPES
from integrations.fhir.resources.served import Order
from integrations.fhir.search import find, iterate, search
from tests.api.chart import chart, coded, keep, to
from tests.factories import patient_records
from twins.records.models import Subject

pytestmark = pytest.mark.django_db
BASE = "http://testserver/fhir/"


@dataclass
class Reach:
    everyone: bool = False
    subjects: Any = None
    queries: tuple[Any, ...] = ()


@dataclass
class ReachByType(Reach):
    types: tuple[str, ...] = ()

    def of(self, resource_type: str) -> "ReachByType | None":
        return self if resource_type in self.types else None


@pytest.fixture
def reach(db: None) -> Reach:
    """Of the first patient of the chart."""
    first, _ = chart()
    keep(
        "Group", "both", type="person", actual=True, member=[{"entity": to("Patient/p1")}, {"entity": to("Patient/p2")}]
    )
    return Reach(subjects=Subject.objects.filter(pk=first.pk).values("pk"))


def found(kind: str, *pairs: tuple[str, str], reach: Any, **more: Any) -> list[str]:
    page = search(kind, pairs, base=BASE, reach=reach, **more)
    return sorted(one.id.removeprefix("ward.") for one in (*page.found, *page.included))


def test_each_type_shows_what_is_theirs_and_what_is_nobodys(reach: Reach) -> None:
    seen = {kind: found(kind, reach=reach) for kind, served in TYPES.items() if served.searched}
    assert seen["Patient"] == ["p1"]
    assert seen["Observation"] == ["bp1", "k1", "logical"]
    assert seen["Provenance"] == ["prov1"]
    assert seen["Practitioner"] == ["doc"]
    assert seen["Device"] == ["pump"]
    assert seen["Medication"] == ["vial"]
    assert seen["Group"] == [], "a group names other patients"
    assert not any(identifier.endswith("2") for identifiers in seen.values() for identifier in identifiers)


@pytest.mark.parametrize(
    ("kind", "pairs", "expected"),
    [
        ("Observation", [("patient", "ward.p2")], []),
        ("Observation", [("_id", "ward.k2,ward.k1")], ["k1"]),
        ("Observation", [("code", "2823-3"), ("_sort", "-date")], ["k1"]),
        ("Observation", [("patient.name", "berger")], []),
        ("Observation", [("encounter.status", "in-progress")], ["bp1"]),
        ("Patient", [("_has:Observation:patient:code", "2823-3")], ["p1"]),
        ("Patient", [("_has:Observation:patient:status", "amended")], []),
        ("Practitioner", [("_has:Observation:performer:status", "amended")], []),
        ("Practitioner", [("_has:Observation:performer:status", "final")], ["doc"]),
        ("Device", [("_id", "ward.pump"), ("_revinclude", "Observation:device")], ["bp1", "pump"]),
        ("Practitioner", [("_revinclude", "Provenance:agent")], ["doc", "prov1"]),
        ("Observation", [("_id", "ward.shared"), ("_include", "Observation:*")], ["k1", "p1", "shared"]),
    ],
)
def test_no_way_leads_to_another_patient(
    reach: Reach, kind: str, pairs: list[tuple[str, str]], expected: list[str]
) -> None:
    whose = Subject.objects.get(pk__in=reach.subjects).patient
    member = [to("Observation/k1"), to("Observation/k2")]
    keep(
        "Observation",
        "shared",
        whose,
        status="preliminary",
        code=coded("x"),
        subject=to("Patient/p1"),
        hasMember=member,
    )
    assert found(kind, *pairs, reach=reach) == expected
    assert search(kind, [*pairs, ("_total", "accurate")], base=BASE, reach=reach).total == len(
        search(kind, pairs, base=BASE, reach=reach).found
    )


def test_compartments_conditions_streams_and_references_keep_to_it(reach: Reach) -> None:
    assert found("Observation", reach=reach, compartment=("Patient", "ward.p2")) == []
    assert found("*", reach=reach, compartment=("Patient", "ward.p2")) == []
    assert len(find("Observation", [("code", "2823-3")], reach=reach)) == 1
    assert [one.id for one in iterate("Patient", reach=reach)] == ["ward.p1"]
    assert [one.id for one in named(["Observation/ward.k1", "Observation/ward.k2"], reach)] == ["ward.k1"]


def test_queries_of_a_scope_narrow_further(reach: Reach) -> None:
    everyone = Reach(everyone=True, queries=(("code", "http://loinc.org|2823-3"), ("status", "amended")))
    assert found("Observation", reach=everyone) == ["k1", "k2"]
    assert found("Observation", ("_total", "accurate"), ("code", "85354-9"), reach=everyone) == []
    both = Reach(everyone=True, queries=([("code", "2823-3"), ("status", "amended")],))
    assert found("Observation", reach=both) == ["k2"]
    theirs = Reach(subjects=reach.subjects, queries=(("code", "2823-3"),))
    assert found("Observation", reach=theirs) == ["k1"]
    assert [one.id for one in named(["Observation/ward.bp1", "Observation/ward.k1"], theirs)] == ["ward.k1"]
    unknown = Reach(everyone=True, queries=(("colour", "red"),))
    assert found("Observation", reach=unknown) == [], "a query that cannot be asked lets nothing through"


def test_types_beyond_the_scope_do_not_come_along(reach: Reach) -> None:
    narrow = ReachByType(everyone=True, types=("Observation",))
    assert found("Observation", ("_id", "ward.bp1"), ("_include", "Observation:*"), reach=narrow) == ["bp1"]
    assert found("Observation", ("patient.name", "adams"), reach=narrow) == []
    assert found("Patient", reach=narrow) == []
    assert found("AuditEvent", reach=narrow) == []
    assert found("RiskAssessment", reach=narrow) == []


def test_what_is_made_when_asked_for_keeps_to_it_too(reach: Reach) -> None:
    mine = Subject.objects.get(pk__in=reach.subjects)
    other = Subject.objects.exclude(pk__in=reach.subjects)[0]
    made = []
    for subject in (mine, other):
        record(by=SYSTEM, action=Action.READ, activity="page.patient", subject_key=subject.pk)
        record(by=SYSTEM, action=Action.UPDATE, activity="page.patient", subject_key=subject.pk)
        made.append(patient_records.twin(subject, with_records=False)[1])
    assert len(found("AuditEvent", reach=Reach(everyone=True))) > 4
    assert len(found("AuditEvent", reach=Reach(everyone=True, queries=(("action", "U"),)))) == 2
    events = found("AuditEvent", reach=reach)
    assert len(found("AuditEvent", reach=Reach(subjects=reach.subjects, queries=(("action", "U"),)))) == 1
    assert len(named([f"AuditEvent/{one}" for one in found("AuditEvent", reach=None)], reach)) == len(events)
    assert [one.subject_key for one in TYPES["AuditEvent"].walk((), order=Order(), reach=reach)] == [
        str(mine.pk)
    ] * len(events)
    assert {one.rsplit("-", 1)[0] for one in found("RiskAssessment", reach=reach)} == {f"twin.{made[0].pk}"}
    ids = [f"RiskAssessment/twin.{comparison.pk}-0" for comparison in made]
    assert [one.id for one in named(ids, reach)] == [f"twin.{made[0].pk}-0"]
    assert found("RiskAssessment", reach=Reach(everyone=True, queries=(("status", "draft"),))) == []


def test_a_reach_without_subjects_shows_nobody(reach: Reach) -> None:
    nobody = Reach()
    assert found("Patient", reach=nobody) == []
    assert found("Observation", ("code", "2823-3"), reach=nobody) == []
    assert found("Practitioner", reach=nobody) == ["doc"]
