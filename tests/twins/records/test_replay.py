"""A stored comparison is computed again to the last bit, and a changed number is found and named."""

import json
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests.factories.chart import Chart
from twins.jobs import comparison as comparison_job
from twins.jobs import update
from twins.pharmacology.regimen import Plan, Regimen
from twins.records.models import Comparison, Job, TwinVersion
from twins.records.replay import Agreement, Apart, ReplayError, replay
from twins.records.twins import course_of, fit_of, latest, result_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def comparison() -> Comparison:
    chart = Chart.of().stable()
    update.run(str(update.request_update(chart.subject, "vancomycin").pk))
    return Comparison.objects.get()


def tamper(table: str, statement: str, *values: object) -> None:
    """Change a row behind the product's back, as somebody with the database's own rights could."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(f"DROP TRIGGER {table}_no_update")
        else:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(f"UPDATE {table} SET {statement}", values)  # noqa: S608 - the test's own words


def test_the_default_comparison_is_bit_equal(comparison: Comparison):
    report = replay(comparison)
    assert report.agreement is Agreement.BIT_EQUAL, report.sentence
    assert report.numbers > 3000
    out = StringIO()
    call_command("replay", str(comparison.pk), stdout=out)
    assert out.getvalue().startswith("Equal bit for bit: all ")


def test_a_comparison_that_a_person_asked_for_is_bit_equal():
    chart = Chart.of().stable()
    update.run(str(update.request_update(chart.subject, "vancomycin").pk))
    version = latest(chart.subject, "vancomycin")
    assert version is not None
    plans = (Plan("Current", Regimen(1000.0, 12.0, 1.0, 48.0)), Plan("No further doses", None))
    job = comparison_job.request_comparison(version, plans, asked_by="user-1")
    comparison_job.run(str(job.pk))
    job.refresh_from_db()
    asked = Comparison.objects.get(pk=job.result["comparison"])
    assert (asked.asked_by, asked.is_default) == ("user-1", False)
    assert replay(asked).agreement is Agreement.BIT_EQUAL


def test_a_changed_number_is_found_and_named(comparison: Comparison):
    result = comparison.result
    result["forecasts"][0]["days"][1]["auc24"]["q50"] *= 1 + 1e-6
    tamper("records_comparison", "result = %s", json.dumps(result))
    comparison.refresh_from_db()
    report = replay(comparison)
    assert report.agreement is Agreement.DIFFERS
    assert report.sentence.startswith("Differs: comparison.forecasts[0].days[1].auc24.q50: stored ")
    with pytest.raises(CommandError, match="Differs"):
        call_command("replay", str(comparison.pk))


def test_a_last_digit_is_within_the_tolerance(comparison: Comparison):
    result = comparison.result
    day = result["forecasts"][0]["days"][0]["auc24"]
    day["q50"] = float(np.nextafter(day["q50"], np.inf))
    tamper("records_comparison", "result = %s", json.dumps(result))
    comparison.refresh_from_db()
    report = replay(comparison)
    assert report.agreement is Agreement.WITHIN_TOLERANCE
    assert 0 < report.largest < 1e-15
    assert "forecasts[0].days[0].auc24.q50" in report.sentence
    assert "Code, libraries and processor are the same." in report.sentence


def test_changed_draws_are_found(comparison: Comparison):
    version = comparison.twin_version
    draws = np.array(fit_of(version).draws)
    draws[17, 1] += 0.001
    tamper("records_twinversion", "draws = %s WHERE model_id = %s", draws.astype("<f8").tobytes(), version.model_id)
    comparison = Comparison.objects.get()
    assert replay(comparison).sentence.startswith("Differs: draws[17][1]: stored ")


def test_a_changed_course_is_found(comparison: Comparison):
    course = comparison.twin_version.course
    course["doses"][0]["amount_mg"] = 900.0
    tamper("records_twinversion", "course = %s", json.dumps(course))
    assert "course does not have its digest" in replay(Comparison.objects.get()).sentence


def test_a_changed_digest_is_found(comparison: Comparison):
    tamper("records_comparison", "digest = %s", "0" * 64)
    assert "digest is not that of its content" in replay(Comparison.objects.get()).sentence


def test_numbers_of_another_release_are_left_to_that_release(comparison: Comparison):
    result = comparison.result
    result["forecasts"][0]["days"][0]["auc24"]["q50"] *= 1.01
    tamper("records_comparison", "result = %s", json.dumps(result))
    tamper("records_twinversion", "code_version = %s", "0.1.0+0123456789abcdef")
    with pytest.raises(ReplayError, match=r"computed by 0\.1\.0\+0123456789abcdef, .* replay it with that release"):
        replay(Comparison.objects.get())


def test_rows_of_earlier_code_are_read_by_the_names_they_have(comparison: Comparison):
    version = comparison.twin_version
    expected = course_of(version), fit_of(version).residuals, result_of(comparison).influences
    course = version.course
    course["levels"] = [{**level, "value_mg_per_l": level["value"]} for level in course["levels"]]
    for level in course["levels"]:
        del level["value"]
    fit = version.fit
    for row in fit["residuals"]:
        for name in ("observed", "population", "individual"):
            row[f"{name}_mg_per_l"] = row.pop(name)
    result = comparison.result
    for influence in result["influences"]:
        influence["auc24_before"], influence["auc24_after"] = influence.pop("before"), influence.pop("after")
    version.course, version.fit, comparison.result = course, fit, result
    assert course["levels"]
    assert fit["residuals"]
    assert result["influences"]
    assert (course_of(version), fit_of(version).residuals, result_of(comparison).influences) == expected


def test_a_model_that_is_no_longer_installed_is_refused(comparison: Comparison):
    tamper("records_twinversion", "model_version = %s", "0.9")
    with pytest.raises(ReplayError, match=r"version 0\.9 of vancomycin-goti-2018, and version 1 is installed"):
        replay(Comparison.objects.get())
    with pytest.raises(CommandError, match="is installed"):
        call_command("replay", str(comparison.pk))


def test_an_unknown_comparison_is_refused():
    with pytest.raises(CommandError, match="no comparison has the id"):
        call_command("replay", "00000000-0000-0000-0000-000000000000")


def test_texts_lengths_and_missing_values_differ_without_measure():
    for stored, new in (("a", "b"), ([1.0], [1.0, 2.0]), (None, 1.0), (True, 1), ({"a": 1}, {"b": 1})):
        apart = Apart()
        apart.look("x", stored, new)
        assert apart.beyond.startswith("x: stored "), (stored, new)


def test_stored_rows_refuse_change(comparison: Comparison):
    assert Job.objects.count() == 1
    with pytest.raises(Exception, match="append-only"):
        TwinVersion.objects.update(seed=1)
