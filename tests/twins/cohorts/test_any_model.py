"""Studies of models by mouth, with occasions, derived covariates and targets other than AUC24."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twins.cohorts.export import export
from twins.cohorts.expose import columns, expose
from twins.cohorts.read import StudyError, build
from twins.cohorts.study import StudySpec
from twins.cohorts.summarise import GroupExposure, result_digest, summarise
from twins.cohorts.virtual_patients import draw
from twins.pharmacology.formulary import model

TACROLIMUS = model("tacrolimus-andrews-2019")
BUSULFAN = model("busulfan-shukla-2020")


def _fixed(value: float) -> dict[str, Any]:
    return {"distribution": "fixed", "value": value, "assumed": "for the test"}


def _study(**changes: Any) -> dict[str, Any]:
    """Tacrolimus by mouth, aimed at its trough."""
    data = {
        "title": "Tablets",
        "model": TACROLIMUS.id,
        "patients": 40,
        "seed": 7,
        "days": 3,
        "regimens": [
            {"label": "low", "amount_mg": 3, "interval_h": 12, "route": "oral"},
            {"label": "high", "amount_mg": 6, "interval_h": 12, "route": "oral"},
        ],
        "covariates": {
            "age_y": {"distribution": "uniform", "low": 20, "high": 70, "assumed": "for the test"},
            "male": {"distribution": "share", "share": 0.5, "assumed": "for the test"},
            "weight_kg": {"distribution": "uniform", "low": 50, "high": 100, "assumed": "for the test"},
            "height_cm": _fixed(172),
            "creatinine_mg_per_dl": _fixed(1.4),
            "albumin_g_per_l": _fixed(40),
            "haematocrit": {"distribution": "uniform", "low": 0.25, "high": 0.45, "assumed": "for the test"},
            "cyp3a5_expresser": {"distribution": "share", "share": 0.2, "assumed": "for the test"},
        },
        "target": {"metric": "trough", "low": 5, "high": 15, "source": "for the test"},
    }
    return {**data, **changes}


@pytest.fixture(scope="module")
def spec() -> StudySpec:
    return build(_study())


def _busulfan(**changes: Any) -> StudySpec:
    covariates = {"age_y": _fixed(8), "male": _fixed(1), "weight_kg": _fixed(25), "height_cm": _fixed(125)}
    arms = [{"label": f"{mg}", "amount_mg": mg, "interval_h": 24, "duration_h": 3} for mg in (60, 90)]
    return build(_study(model=BUSULFAN.id, covariates=covariates, regimens=arms, target=None, **changes))


@pytest.mark.parametrize("size", [1, 16, 40])
def test_chunks_do_not_matter_with_occasions_either(size: int) -> None:
    spec = _busulfan()
    names = columns(spec, BUSULFAN)
    whole = expose(spec, BUSULFAN, 0, 40)
    cut = np.vstack([expose(spec, BUSULFAN, first, min(size, 40 - first)) for first in range(0, 40, size)])
    assert result_digest(names, cut) == result_digest(names, whole)


def test_occasions_move_the_days_apart_and_longer_studies_keep_the_first() -> None:
    names = columns(_busulfan(), BUSULFAN)
    table = expose(_busulfan(), BUSULFAN, 0, 40)
    longer = expose(_busulfan(days=5), BUSULFAN, 0, 40)
    first, last = names.index("auc24_first_1"), names.index("auc24_last_1")
    assert longer[:, first] == pytest.approx(table[:, first], rel=1e-12)
    assert np.std(np.log(longer[:, last] / table[:, last])) > 0.05
    assert "creatinine_clearance_ml_per_min" not in names


def test_derived_covariates_are_computed_for_each_patient(spec: StudySpec) -> None:
    patients = draw(spec, TACROLIMUS, np.arange(5))
    weight, height = patients.covariates["weight_kg"], patients.covariates["height_cm"]
    surface = patients.crowd.covariates["body_surface_area_m2"]
    assert surface == pytest.approx(0.007184 * weight**0.425 * height**0.725, rel=0.05)


def test_the_target_s_own_metric_is_measured_and_counted(spec: StudySpec, tmp_path: Path) -> None:
    names = columns(spec, TACROLIMUS)
    table = expose(spec, TACROLIMUS, 0, 40)
    trough = table[:, names.index("target_last_2")]
    rows = summarise(spec, names, table)
    assert [row.group for row in rows] == ["all", "all"]
    high = rows[1]
    assert high.p_in_target == np.mean((trough >= 5) & (trough <= 15))
    assert high.value is not None
    assert high.value[2] == pytest.approx(np.median(trough))
    assert high.aimed_at == high.value
    assert trough.min() >= table[:, names.index("trough_last_2")].min() - 1e-9
    assert GroupExposure.from_json(high.to_json()) == high
    export(tmp_path, spec, names, table, rows, {}, unit="ug/L")
    assert "AUC24 µg·h/L | peak µg/L | trough µg/L | trough 5–15 µg/L |" in (tmp_path / "table.md").read_text("utf-8")
    assert "value_q50" in (tmp_path / "table.csv").read_text("utf-8")
    assert spec == StudySpec.from_json(spec.to_json())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model": "busulfan-shukla-2020"}, "takes no dose that is oral; give intravenous"),
        ({"target": {"metric": "depth", "low": 1, "high": 2, "source": "x"}}, "target.metric: is 'depth'"),
        ({"target": {"metric": "time above", "low": 1, "source": "x"}}, "target.threshold: missing"),
        ({"target": {"metric": "trough", "low": 9, "high": 2, "source": "x"}}, "give low and high as trough in µg/L"),
        (
            {"regimens": [{"amount_mg": 3, "interval_h": 12, "route": "skin"}] * 2},
            "regimens[1].route: is 'skin'; give one of",
        ),
    ],
)
def test_mistakes_are_named(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(StudyError) as caught:
        build(_study(**changes))
    assert said in str(caught.value)
