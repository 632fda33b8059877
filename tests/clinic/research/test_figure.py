"""The study's figure: well-formed, without style or script, and every number in words too."""

from xml.etree import ElementTree

import pytest

from clinic.research.figure import study_figure
from tests.twins.cohorts.studies import small
from twins.cohorts.expose import columns, expose
from twins.cohorts.summarise import summarise
from twins.pharmacology import formulary


@pytest.mark.parametrize("width", [900.0, 380.0])
def test_each_regimen_has_its_mark_in_each_group(width: float):
    spec, model = small(), formulary.model("vancomycin-goti-2018")
    rows = summarise(spec, columns(spec, model), expose(spec, model, 0, 300))
    picture = study_figure(rows, spec.target, prefix="x", width=width)
    assert " style=" not in picture
    root = ElementTree.fromstring(picture)  # noqa: S314 - our own
    titles = [item.text for item in root.iter("{http://www.w3.org/2000/svg}title")]
    assert len(titles) == 1 + len(rows)
    assert f"median {rows[0].auc24[2]:.0f}," in titles[1]
    described = root.find("{http://www.w3.org/2000/svg}desc").text
    assert all(f"{row.regimen}, {row.group}:" in described for row in rows)
    for number in root.iter():
        for name in ("x", "x1", "x2", "cx"):
            if name in number.attrib:
                assert -1 <= float(number.attrib[name]) <= width


def test_a_label_cannot_bring_markup():
    spec, model = (
        small(
            regimens=[
                {"label": "<script>", "amount_mg": 500, "interval_h": 12, "duration_h": 1},
                {"label": "b", "amount_mg": 750, "interval_h": 12, "duration_h": 1},
            ]
        ),
        formulary.model("vancomycin-goti-2018"),
    )
    rows = summarise(spec, columns(spec, model), expose(spec, model, 0, 50))
    assert "<script>" not in study_figure(rows, spec.target, prefix="x")
