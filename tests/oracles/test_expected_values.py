"""Every entry of ../shared/oracles/expected_values.json: where it is tested, or why not; Eleveld's parameters.

The file holds numbers transcribed from public test suites with the source of each. Sources of what is tested here:
StevenLShafer/stanpumpR (MIT) tests/testthat/test-drugs-propofol.R and test-getDrugPK.R, commit ace20c9c.
"""

import importlib
import json
from datetime import UTC, datetime

import numpy as np
import pytest

from tests.oracles.subject import FOLDER
from twins.pharmacology.covariates import history
from twins.pharmacology.formulary import model
from twins.pharmacology.individual import Individual
from twins.samples.course import Course, CovariateValue

AGREED = 2e-5
"""Seven digits are printed and nearly five agree, of volumes more than of clearances: the reference patient's fat-free
mass may have been rounded there."""

V1, V2, V3 = "central_volume_l", "peripheral_volume_l", "second_peripheral_volume_l"
CL1, CL2, CL3 = (
    "clearance_l_per_h",
    "intercompartmental_clearance_l_per_h",
    "second_intercompartmental_clearance_l_per_h",
)

TESTED = {
    "map_estimates": "tests.oracles.test_published_values",
    "dose_optimisation": "tests.oracles.test_published_values",
    "theophylline_12_subjects": "tests.oracles.test_theophylline",
    "individual_objective_wang2007": "tests.oracles.test_nonmem_objectives",
    "two_compartment_infusion": "tests.oracles.test_published_values",
    "one_compartment_infusion": "tests.oracles.test_published_values",
    "renal_function": "tests.twins.pharmacology.test_renal",
    "body_size": "tests.twins.pharmacology.test_body_size",
    "eleveld_tci": "tests.oracles.test_expected_values",
    "mapbayr_run302_patient1": "tests.oracles.test_nonmem_objectives",
}
"""Where each entry is tested."""

ABSENT = {
    "bis_delay": "the monitor's delay is left out of propofol's model, and its card says so",
    "auc_and_nca": "the product works by models: it has no two-level method, no noncompartmental analysis, no rounding "
    "of a dose to a product by itself, no carboplatin rule and no probability of cefepime's harm",
}
"""Entries about what the product does not have."""

ABSENT_CASES = {
    "renal_function": {
        "cockcroft_gault_sci (spinal cord injury)": "the rule for spinal cord injury is not built in",
        "cystatin_c grubb 1.3 mg/L": "of cystatin C equations, CKD-EPI 2012 and Hoek are built in",
        "larsson 1.3": "of cystatin C equations, CKD-EPI 2012 and Hoek are built in",
    },
    "individual_objective_wang2007": {
        "FOCE": "the objective is taken with interaction throughout",
        "FO": "the objective is taken at the mode, not at the typical patient",
        "AGQ": "39.297 is a quadrature of few nodes (a later version of its source has 39.365); the exact value is "
        "39.3548, and marginal likelihoods are tested against quadrature in tests/twins/estimation/test_averaging.py",
    },
}
"""Single cases of entries that are tested otherwise."""


def test_no_entry_is_left_out_in_silence() -> None:
    path = FOLDER / "expected_values.json"
    if not path.exists():
        pytest.skip("expected_values.json is not beside the repository")
    entries = {name for name in json.loads(path.read_text()) if name != "about"}
    assert entries == set(TESTED) | set(ABSENT)
    assert not set(TESTED) & set(ABSENT)


@pytest.mark.parametrize("module", sorted(set(TESTED.values())))
def test_each_place_that_is_named_holds_tests(module: str) -> None:
    names = dir(importlib.import_module(module))
    assert any(name.startswith(("test_", "Test")) for name in names)


def typical(model_id: str, age: float, weight: float, height: float, male: float) -> dict[str, float]:
    chosen = model(model_id)
    chart = {"age_y": age, "weight_kg": weight, "height_cm": height, "male": male}
    course = Course(
        drug=chosen.drug,
        start=datetime(2026, 1, 1, tzinfo=UTC),
        until_h=1.0,
        covariates=tuple(CovariateValue(name, 0.0, value) for name, value in chart.items()),
    )
    individual = Individual.of(chosen, history(chosen, course))
    return dict(zip(chosen.parameters, individual.parameters(np.zeros(individual.size))[0, 0], strict=True))


@pytest.mark.parametrize(
    ("model_id", "who", "volumes", "clearances"),
    [
        (
            "propofol-eleveld-2018",
            (50, 70, 171, 1),
            (6.283078, 20.17078, 137.4287),
            (1.551355, 1.516118, 0.6698454),
        ),
        (
            "propofol-eleveld-2018",
            (50, 55, 160, 0),
            (5.772932, 15.84847, 92.30994),
            (1.519402, 1.265265, 0.4969959),
        ),
        (
            "remifentanil-eleveld-2017",
            (50, 70, 171, 1),
            (5.371314, 8.442319, 3.148362),
            (2.462212, 1.52838, 0.08064262),
        ),
        (
            "remifentanil-eleveld-2017",
            (50, 70, 171, 0),
            (4.403734, 8.051189, 2.581221),
            (2.467679, 1.715685, 0.06948164),
        ),
    ],
)
def test_eleveld_parameters_are_those_of_stanpumpr(
    model_id: str, who: tuple[float, ...], volumes: tuple[float, ...], clearances: tuple[float, ...]
) -> None:
    found = typical(model_id, *map(float, who))
    assert [found[name] for name in (V1, V2, V3)] == pytest.approx(volumes, rel=AGREED)
    assert [found[name] / 60.0 for name in (CL1, CL2, CL3)] == pytest.approx(clearances, rel=AGREED)
