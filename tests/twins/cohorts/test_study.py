"""Virtual patients are the published model's, and their numbers do not depend on how the study is cut."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
import pytest

from tests.factories.chart import START
from tests.twins.cohorts.studies import small
from twins.cohorts.export import export
from twins.cohorts.expose import columns, expose
from twins.cohorts.summarise import group_names, result_digest, summarise
from twins.cohorts.virtual_patients import draw
from twins.forecasts.simulate import concentrations
from twins.pharmacology import formulary
from twins.pharmacology.regimen import Plan
from twins.samples.course import Course, CovariateValue

GOTI, THOMSON = formulary.model("vancomycin-goti-2018"), formulary.model("vancomycin-thomson-2009")


@pytest.mark.parametrize("size", [1, 7, 64, 300])
def test_any_chunk_size_gives_the_same_digest(size: int):
    spec = small()
    names = columns(spec, GOTI)
    whole = expose(spec, GOTI, 0, 300)
    cut = np.vstack([expose(spec, GOTI, first, min(size, 300 - first)) for first in range(0, 300, size)])
    assert result_digest(names, cut) == result_digest(names, whole)


def test_more_patients_leave_the_first_ones_as_they_were():
    np.testing.assert_array_equal(expose(small(), GOTI, 0, 50), expose(small(patients=50), GOTI, 0, 50))


def test_another_seed_gives_other_patients():
    assert not np.array_equal(expose(small(), GOTI, 0, 50), expose(small(seed=43), GOTI, 0, 50))


@pytest.mark.parametrize("model", [GOTI, THOMSON])
def test_etas_have_the_models_covariance(model):
    spec = small(model=model.id, patients=200_000)
    patients = draw(spec, model, np.arange(40_000))
    np.testing.assert_allclose(np.cov(patients.etas.T), model.omega, atol=0.02 * np.sqrt(model.omega.max()) * 1.3)
    assert np.abs(patients.etas.mean(axis=0)).max() < 0.03


def test_exposures_are_those_of_the_twins_own_simulation():
    """Each arm of a virtual patient, simulated again as a course with a plan, on a fine grid."""
    spec = small(days=2)
    names = columns(spec, GOTI)
    table = expose(spec, GOTI, 0, 5)
    patients = draw(spec, GOTI, np.arange(5))
    times = np.arange(0.0, 48.0 + 1e-9, 0.01)
    for subject in range(5):
        chart = tuple(
            CovariateValue(name, 0.0, float(patients.covariates[name][subject])) for name in sorted(spec.covariates)
        )
        course = Course("vancomycin", START, 0.0, covariates=chart)
        for number, arm in enumerate(spec.regimens, 1):
            curve = concentrations(GOTI, course, patients.etas[subject], Plan(arm.label, arm.regimen), times)[0]
            got = {name: table[subject, names.index(f"{name}_{number}")] for name in ("auc24_first", "auc24_last")}
            first, last = times <= 24.0, times >= 24.0
            assert got["auc24_first"] == pytest.approx(np.trapezoid(curve[first], times[first]), rel=1e-4)
            assert got["auc24_last"] == pytest.approx(np.trapezoid(curve[last], times[last]), rel=1e-4)
            peak = table[subject, names.index(f"peak_last_{number}")]
            assert peak == pytest.approx(curve[last].max(), rel=1e-9)
            at_doses = curve[[np.searchsorted(times, hour - 1e-6) for hour in (36.0, 48.0)]]
            trough = table[subject, names.index(f"trough_last_{number}")]
            assert trough == pytest.approx(at_doses.min(), rel=1e-9)


def test_a_given_clearance_is_used_instead_of_creatinine():
    spec = small(
        covariates={
            "weight_kg": {"distribution": "fixed", "value": 70, "assumed": "x"},
            "creatinine_clearance_ml_per_min": {"distribution": "fixed", "value": 120, "assumed": "x"},
        }
    )
    patients = draw(spec, GOTI, np.arange(3))
    np.testing.assert_allclose(patients.parameters[:, 0], 4.5 * np.exp(patients.etas[:, 0]), rtol=1e-12)


def test_the_table_counts_each_patient_in_one_group():
    spec = small()
    names = columns(spec, GOTI)
    table = expose(spec, GOTI, 0, 300)
    rows = summarise(spec, names, table)
    low = [row for row in rows if row.regimen == "low"]
    assert low[0].group == "all"
    assert low[0].patients == sum(row.patients for row in low[1:]) == 300
    assert [row.group for row in low[1:]] == [
        name for name in group_names((30, 60, 90, 130)) if name in {row.group for row in low}
    ]
    for row in rows:
        assert row.p_in_target + row.p_above + row.p_below == pytest.approx(1.0)
        assert list(row.auc24) == sorted(row.auc24)
    auc = table[:, names.index("auc24_last_1")]
    assert low[0].p_in_target == np.mean((auc >= 400) & (auc <= 600))
    assert low[0].auc24[2] == pytest.approx(np.median(auc))
    in_groups = {row.group: row for row in low}
    assert in_groups["30 to below 60 mL/min"].auc24[2] > in_groups["130 mL/min and above"].auc24[2]


def test_the_files_hold_the_same_numbers(tmp_path: Path):
    spec = small()
    names = columns(spec, GOTI)
    table = expose(spec, GOTI, 0, 300)
    rows = summarise(spec, names, table)
    digests = export(tmp_path / "study", spec, names, table, rows, {"seed": 42})
    read = parquet.read_table(tmp_path / "study" / "patients.parquet")
    assert read.column_names == ["subject", *names]
    np.testing.assert_array_equal(read["auc24_last_2"].to_numpy(), table[:, names.index("auc24_last_2")])
    with (tmp_path / "study" / "table.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == len(rows)
    assert float(lines[0]["auc24_q50"]) == rows[0].auc24[2]
    manifest = json.loads((tmp_path / "study" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["seed"] == 42
    assert manifest["files"] == digests
    assert not list((tmp_path / "study").glob(".*"))
    assert "| low | all | 300 |" in (tmp_path / "study" / "table.md").read_text(encoding="utf-8")


def test_a_label_is_no_formula_in_a_spreadsheet(tmp_path: Path):
    spec = small()
    names = columns(spec, GOTI)
    table = expose(spec, GOTI, 0, 300)
    rows = [replace(row, regimen="=cmd|'/c calc'!A1") for row in summarise(spec, names, table)]
    export(tmp_path / "study", spec, names, table, rows, {})
    with (tmp_path / "study" / "table.csv").open(encoding="utf-8", newline="") as file:
        assert {line["regimen"] for line in csv.DictReader(file)} == {"'=cmd|'/c calc'!A1"}
