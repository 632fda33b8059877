"""What is typed in the builder is read in the page's language, and stands in the address as machines write it."""

import pytest
from django.http import QueryDict
from django.utils import translation

from clinic.comparisons.entered import FIELDS, Entered
from tests.factories import fits
from tests.factories import patient_records as rows
from tests.factories import vancomycin_case as case


def test_what_is_typed_in_german_stands_in_the_address_with_a_point_and_opens_in_either_language() -> None:
    typed = QueryDict("written=de&plan1-amount_mg=1250&plan1-duration_h=1,125&plan1-interval_h=12")
    with translation.override("de"):
        entered = Entered.of(typed)
        assert entered.rows[0]["duration_h"] == "1,125"
        address = entered.query()
        assert "plan1-duration_h=1.125" in address
        assert "written" not in address
        assert Entered.of(QueryDict(address[1:])) == entered
    assert Entered.of(QueryDict(address[1:])).rows[0]["duration_h"] == "1.125"
    assert Entered.of(typed).rows[0]["duration_h"] == "1.125"


def test_a_number_that_could_be_two_is_never_read_as_one_by_a_colleague_of_another_language() -> None:
    with translation.override("de"):
        entered = Entered.of(QueryDict("written=de&plan1-amount_mg=1.250&plan1-duration_h=1,5"))
        address = entered.query()
        assert Entered.of(QueryDict(address[1:])) == entered
    assert Entered.of(QueryDict(address[1:])).rows[0] == {**dict.fromkeys(FIELDS, ""), "duration_h": "1.5"}


@pytest.mark.django_db
def test_the_form_takes_the_comma_in_german_and_refuses_what_could_be_two_numbers(client) -> None:
    client.force_login(rows.person())
    patient = rows.patient()
    rows.twin(patient.subject, fit=fits.individual(case.course()), compared=False, with_records=False)
    client.cookies["django_language"] = "de"
    page = f"/patients/{patient.pk}/compare"
    plan = {"plan1-amount_mg": "750", "plan1-interval_h": "12", "plan1-start": "2026-11-22T20:00"}
    typed = {**plan, "plan1-duration_h": "1,5", "written": "de"}
    answer = client.get(f"{page}/preview", typed, headers={"HX-Request": "true"})
    assert "plan1-duration_h=1.5" in answer["HX-Replace-Url"]
    assert "1,5 h" in answer.content.decode()
    opened = client.get(answer["HX-Replace-Url"]).content.decode()
    assert 'name="plan1-duration_h" type="text" autocomplete="off" inputmode="decimal" value="1,5"' in opened
    doubtful = {**typed, "plan1-amount_mg": "1.250"}
    refused = client.get(f"{page}/preview", doubtful, headers={"HX-Request": "true"}).content.decode()
    assert "„1.250“ könnte ein Tausender oder ein Bruch sein" in refused
