"""A hospital's own model as a file: equal to one that ships, and each mistake named with its key and remedy."""

import math
import os
import shutil
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import twins
from tests.twins.pharmacology.drugs.charts import ADULT
from twins.pharmacology import formulary
from twins.pharmacology.arithmetic import ArithmeticTextError, parse
from twins.pharmacology.covariates import history
from twins.pharmacology.hospital_file import HospitalFileError, HospitalModel, read_text
from twins.pharmacology.hospital_findings import Findings
from twins.pharmacology.hospital_remedies import THE_LIBRARY_SAYS
from twins.pharmacology.hospital_sections import DERIVATIONS, FORMS, UNITS
from twins.pharmacology.hospital_structure import STRUCTURES, structure
from twins.pharmacology.individual import Individual
from twins.quantities.dose import Dose
from twins.quantities.sentence import defined
from twins.samples.course import Course, CovariateValue
from twins.solvers.solve import solve
from twins.solvers.system import System
from twins.solvers.timeline import Timeline, tabulate

FILES = Path(__file__).parent / "hospital_files"
GOTI = (FILES / "goti_as_file.toml").read_text(encoding="utf-8")
LINEZOLID = (FILES / "new_drug.toml").read_text(encoding="utf-8")
DRUGS = {name: formulary.drug(name) for name in formulary.drugs()}
SENTENCES = tuple(each for each in defined() if each.has_words)


@pytest.fixture(autouse=True)
def as_it_ships() -> Iterator[None]:
    yield
    formulary.load("")


def made(text: str) -> HospitalModel:
    return read_text(text, file="ours.toml", shipped=DRUGS)


def mistakes(text: str) -> str:
    with pytest.raises(HospitalFileError) as error:
        made(text)
    assert all(line.startswith("ours.toml: ") for line in str(error.value).splitlines())
    assert all(is_a_sentence(mistake.remedy) for mistake in error.value.mistakes)
    return str(error.value)


def is_a_sentence(remedy: str) -> bool:
    """Whether a page can say it in its reader's language, and what the library says in it as well."""
    inside = THE_LIBRARY_SAYS.read(remedy)
    return any(each.read(inside["why"] if inside else remedy) is not None for each in SENTENCES)


def profile(model_id: str) -> np.ndarray:
    model = formulary.model(model_id)
    doses = (Dose(0.0, 1500.0, 1.5, interval_h=12.0, additional=4),)
    chart = tuple(CovariateValue(name, 0.0, value) for name, value in ADULT.items())
    chart += (CovariateValue("creatinine_mg_per_dl", 20.0, 1.9), CovariateValue("haemodialysis", 30.0, 1.0))
    course = Course(
        drug=model.drug, start=datetime(2026, 1, 1, tzinfo=UTC), doses=doses, covariates=chart, until_h=72.0
    )
    who = Individual.of(model, history(model, course))
    parameters = who.parameters(np.array([0.3, -0.2, 0.1]))
    return solve(
        model.system, parameters, Timeline(tabulate(model.system, doses), who.times_h, np.linspace(0.0, 72.0, 145))
    ).values


def test_a_shipped_model_written_as_a_file_predicts_the_same_digits(tmp_path: Path) -> None:
    shutil.copy(FILES / "goti_as_file.toml", tmp_path)
    assert formulary.load(tmp_path).model_ids == ("vancomycin-goti-2018-as-file",)
    ours, shipped = formulary.model("vancomycin-goti-2018-as-file"), formulary.model("vancomycin-goti-2018")
    assert np.array_equal(profile(ours.id), profile(shipped.id))
    assert np.array_equal(ours.omega, shipped.omega)
    assert ours.residuals == dict(shipped.residuals)
    assert formulary.drug("vancomycin").models[-1] == ours.id
    assert formulary.drug("vancomycin").models[0] == shipped.id
    assert ours.unverified[-1] == "Added by this hospital in goti_as_file.toml; it did not ship."


def test_a_file_brings_a_new_drug_with_everything_that_the_format_can_say(tmp_path: Path) -> None:
    shutil.copy(FILES / "new_drug.toml", tmp_path)
    assert formulary.load(tmp_path).problems == ()
    model, drug = formulary.model("linezolid-our-ward-2026"), formulary.drug("linezolid")
    assert (drug.title, drug.level_unit, drug.target.high) == ("Linezolid", "mg/L", 7.0)
    chart = {name: np.array([value]) for name, value in ADULT.items()}
    chart |= {
        "fat_free_mass_kg": np.array([66.0]),
        "cirrhosis": np.array([1.0]),
        "hours_since_first_dose": np.array([50.0]),
    }
    found = {name: value.item() for name, value in model.typical(chart).items()}
    assert found["hepatic_clearance_l_per_h"] == pytest.approx(4 * 1.2**0.75 * 0.6 * 0.8)
    assert found["renal_clearance_l_per_h"] == pytest.approx(1.8)
    assert found["intercompartmental_clearance_l_per_h"] == pytest.approx(8.0)
    assert np.diag(model.omega) == pytest.approx([math.log(1 + cv**2) for cv in (0.4, 0.25, 0.3)])
    assert model.omega[0, 1] == pytest.approx(0.3 * math.sqrt(model.omega[0, 0] * model.omega[1, 1]))
    assert dict(model.etas[1].targets) == {"central_volume_l": 1.0, "peripheral_volume_l": 0.5}
    assert model.occasions is not None
    assert model.occasions.omega[0, 0] == pytest.approx(0.04)
    assert model.components[:2] == ("hepatic_clearance_l_per_h", "renal_clearance_l_per_h")


def test_a_bad_file_keeps_no_other_out_and_is_reported(tmp_path: Path) -> None:
    shutil.copy(FILES / "goti_as_file.toml", tmp_path)
    (tmp_path / "a_bad.toml").write_text("format = 1\nid = 7\n", encoding="utf-8")
    (tmp_path / "no_toml.toml").write_text("this is not = = toml", encoding="utf-8")
    (tmp_path / "not_utf8.toml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "z_again.toml").write_text(GOTI, encoding="utf-8")
    (tmp_path / "readme.txt").write_text("left alone", encoding="utf-8")
    found = formulary.load(tmp_path)
    assert found.model_ids == ("vancomycin-goti-2018-as-file",)
    assert {file for file, _ in found.problems} == {"a_bad.toml", "no_toml.toml", "not_utf8.toml", "z_again.toml"}
    assert any(
        "z_again.toml: id is 'vancomycin-goti-2018-as-file'; another model has this id" in line
        for line in found.sentences
    )
    assert formulary.loaded() == found
    assert formulary.load("") == formulary.Loaded()
    assert "vancomycin-goti-2018-as-file" not in formulary.model_ids()


def test_a_loaded_file_can_be_changed_and_read_again(tmp_path: Path) -> None:
    path = tmp_path / "linezolid.toml"
    path.write_text(LINEZOLID, encoding="utf-8")
    assert formulary.load(tmp_path).problems == ()
    path.write_text(LINEZOLID.replace('version = "3"', 'version = "4"'), encoding="utf-8")
    assert twins.read_model(path).version == "4"
    assert formulary.model("linezolid-our-ward-2026").version == "3"
    assert formulary.load(tmp_path).problems == ()
    assert formulary.model("linezolid-our-ward-2026").version == "4"


def test_the_id_of_a_model_that_ships_is_refused_and_one_that_was_loaded_is_not(tmp_path: Path) -> None:
    shutil.copy(FILES / "goti_as_file.toml", tmp_path)
    formulary.load(tmp_path)
    assert twins.read_model(FILES / "goti_as_file.toml").id == "vancomycin-goti-2018-as-file"
    path = tmp_path / "taken.toml"
    path.write_text(GOTI.replace("-as-file", ""), encoding="utf-8")
    with pytest.raises(HospitalFileError, match="id is 'vancomycin-goti-2018'; another model has this id"):
        twins.read_model(path)


def test_a_drug_is_brought_by_one_file_of_a_directory_and_used_by_others(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(LINEZOLID, encoding="utf-8")
    other = LINEZOLID.replace("our-ward-2026", "other")
    (tmp_path / "b.toml").write_text(other, encoding="utf-8")
    assert "b.toml: new_drug is 'linezolid'; an earlier file" in formulary.load(tmp_path).sentences[0]
    (tmp_path / "b.toml").write_text(other.split("[new_drug]")[0], encoding="utf-8")
    assert formulary.load(tmp_path).problems == ()
    assert formulary.drug("linezolid").models == ("linezolid-our-ward-2026", "linezolid-other")
    assert formulary.drug("linezolid").shipped == ()


def test_a_directory_that_is_not_there_is_reported(tmp_path: Path) -> None:
    found = formulary.load(tmp_path / "nowhere")
    assert "cannot be read" in found.sentences[0]
    assert len(formulary.model_ids()) == 54


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("format = 1", "format = 2"), "format is 2; write format = 1"),
        (("title =", "titel ="), "titel is 'Goti 2018, written as a file'; no such key"),
        (('name = "compartments"', 'name = "compartment"'), "structure.name is 'compartment'; the structures are"),
        (
            ("diagonal = [0.147043, 0.510339, 0.282198]", "diagonal = [39.8, 81.6, 57.1]"),
            'these look like percentages, and no form is stated: write form = "cv percent"',
        ),
        (("count = 2", "count = 4"), "structure is {'count': 4}; the library says: count is 4"),
        (("count = 2", "count = 2\nlanes = 3"), "structure.lanes is 3; no such key; known are count, oral"),
        (
            ("count = 2", 'count = 2\nunit = "ng/mL"\nscale = 1000'),
            "structure.unit is 'ng/mL'; levels of vancomycin are in mg/L",
        ),
        (('id = "vancomycin-goti-2018-as-file"', 'id = "../Goti"'), "id is '../Goti'; use up to 80 small letters"),
        (("peripheral_volume_l = 38.4", ""), "typical.peripheral_volume_l is missing; write its equation"),
        (("peripheral_volume_l = 38.4", 'peripheral_volume = "38.4"'), "the components are clearance_l_per_h"),
        (
            ("(weight_kg / 70)", "(wieght_kg / 70)"),
            "typical.central_volume_l is 'wieght_kg'; no covariate, clinical input",
        ),
        (("(weight_kg / 70)", "weight_kg.real"), "'weight_kg.real' is not allowed here; write numbers"),
        (("58.4 *", "-58.4 *"), "the equations cannot be used there"),
        (("median = 79", ""), "give the missing value under [reference]"),
        (("low = 33", "low = 333"), "covariate[1].low is 333.0; it is above high, 255"),
        (("low = 33", 'low = "33"'), "covariate[1].low is '33'; write a number"),
        (("[0.147043, 0.510339, 0.282198]", "[0.147043, 0.510339]"), "omega.etas is 3; there are 2 variances"),
        (("[0.147043, 0.510339, 0.282198]", "[0.147043, -0.51, 0.28]"), "the matrix is not positive definite"),
        (
            ("diagonal = [0.147043, 0.510339, 0.282198]", "triangle = [[0.1], [0.5, 0.2], [0.0, 0.0, 0.3]]"),
            "the matrix is not positive definite; correct variances or covariances",
        ),
        (
            ("diagonal = [0.147043, 0.510339, 0.282198]", "triangle = [[0.1], [0.5]]"),
            "write rows of 1, 2, 3 ... numbers",
        ),
        (('"peripheral_volume_l"]', '"peripheral"]'), "omega.etas is 'peripheral'; the components are"),
        (
            ("diagonal = [0.1", 'form = "cv"\ndiagonal = [0.1'),
            "omega.form is 'cv'; the forms are variance, sd, cv percent",
        ),
        (('kind = "sd sum"', 'kind = "both"'), "residual[0].kind is 'both'; the kinds are sd sum, variance sum"),
        (
            ('kind = "sd sum"', 'kind = "sd sum"\noutput = "urine"'),
            "residual[0].output is 'urine'; the outputs are concentration",
        ),
        (("additive = 3.4", "additive = -3.4"), "residual[0].additive is -3.4; write a number of at least 0"),
        (('doi = "10.1097', 'doi = "doi:10.1097'), "a DOI begins with 10.; leave it out"),
        (('drug = "vancomycin"', 'drug = "teicoplanin"'), "new_drug is missing; write a table [new_drug]"),
        (
            ("[renal]", "[derived]\nweight_kg = 'by hand'\n[renal]"),
            "derived.weight_kg is 'by hand'; the rules are janmahasatian",
        ),
        (
            ("[renal]", "[links]\nlag_h = 'logit'\n[renal]"),
            "links.lag_h is 'logit'; write a component = one of log, logit",
        ),
        (("[renal]", "[sums]\nflow = ['a']\n[renal]"), "sums.flow is ['a']; the structure's parameters are"),
        (("[renal]", "[[target]]\nname = 'x'\n[renal]"), "target[0].metric is missing; the metrics are AUC24"),
        (
            ("[renal]", "[occasions]\netas = ['clearance_l_per_h']\ndiagonal = [0.1]\n[renal]"),
            "occasions.every_h is missing",
        ),
    ],
)
def test_a_mistake_is_named_with_its_key_its_value_and_the_remedy(change: tuple[str, str], expected: str) -> None:
    assert change[0] in GOTI
    assert expected in mistakes(GOTI.replace(*change, 1))


@pytest.mark.parametrize(
    ("text", "change", "expected"),
    [
        (
            LINEZOLID,
            ("diagonal = [40, 25, 30]", "diagonal = [0.4, 0.25, 0.3]"),
            "omega.diagonal is [0.4, 0.25, 0.3]; these",
        ),
        (GOTI, ("proportional = 0.227", "proportional = 22.7"), "residual[0].proportional is 22.7; it is a share"),
        (GOTI, ('unit = "kg"', 'unit = "kgs"'), "covariate[1].unit is 'kgs'; write a unit's UCUM code"),
        (LINEZOLID, ('level_unit = "mg/L"', 'level_unit = "mg per L"'), "new_drug.level_unit is 'mg per L'; write"),
        (
            LINEZOLID,
            ('unit = "mg/L"', 'unit = "ng/mL"'),
            "target[0].unit is 'ng/mL'; trough of concentration is in mg/L",
        ),
    ],
)
def test_a_number_or_a_unit_that_can_hardly_be_meant_is_named(
    text: str, change: tuple[str, str], expected: str
) -> None:
    assert change[0] in text
    assert expected in mistakes(text.replace(*change, 1))


def test_units_of_all_models_that_ship_are_on_the_list() -> None:
    models = [formulary.model(name) for name in formulary.model_ids()]
    assert {known.unit for model in models for known in model.covariates} <= UNITS
    assert {formulary.drug(name).level_unit for name in formulary.drugs()} <= UNITS


def test_a_mistake_in_the_structure_brings_no_lines_about_components_that_are_not_known() -> None:
    text = GOTI.replace("count = 2", "count = 9").replace("[renal]", "[links]\nclearance_l_per_h = 'log'\n[renal]")
    assert mistakes(text).splitlines() == [
        "ours.toml: structure is {'count': 9}; the library says: count is 9; give 1, 2 or 3 compartments"
    ]


def test_all_mistakes_are_named_at_once() -> None:
    text = GOTI.replace("count = 2", "count = 9").replace('kind = "sd sum"', 'kind = "?"').replace("format = 1", "")
    found = mistakes(text)
    assert all(key in found for key in ("format", "structure", "residual[0].kind"))


@pytest.mark.parametrize(
    "line",
    [
        f"median = 1{'0' * 400}",
        f"median = {'9' * 5000}",
        f"format = 0x{'f' * 6000}",
        f"correlations = [[1, 2, 1{'0' * 400}]]",
        "correlations = [[inf, 2, 0.3]]",
        f"[{'a.' * 2000}a]",
        f"a = {'[' * 400}{']' * 400}",
        f"size = '{'a.' * 990}a'",
    ],
)
def test_nothing_in_a_file_stops_the_start(tmp_path: Path, line: str) -> None:
    head, _, tail = GOTI.partition("\n")
    (tmp_path / "a.toml").write_text(f"{GOTI}\n{line}\n", encoding="utf-8")
    (tmp_path / "b.toml").write_text(f"{head}\n{line}\n{tail}", encoding="utf-8")
    (tmp_path / os.fsdecode(b"c\xff.toml")).write_text(line, encoding="utf-8")
    shutil.copy(FILES / "goti_as_file.toml", tmp_path / "z.toml")
    found = formulary.load(tmp_path)
    assert found.model_ids == ("vancomycin-goti-2018-as-file",)
    assert len({file for file, _ in found.problems}) == 3
    "\n".join(found.sentences).encode()  # a page can show them


def test_a_huge_or_missing_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "huge.toml").write_text("# " + "x" * 300_000, encoding="utf-8")
    assert "too large" in formulary.load(tmp_path).sentences[0]


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_no_change_of_a_file_does_anything_but_load_or_name_mistakes(data: st.DataObject) -> None:
    lines = LINEZOLID.splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        row = data.draw(st.integers(0, len(lines) - 1))
        key = lines[row].split("=")[0]
        value = data.draw(
            st.sampled_from(["true", "[]", "{}", "'x'", "-1", "nan", "inf", "[[1]]", "{a=1}", "1979-05-27", "1e400"])
        )
        lines[row] = data.draw(st.sampled_from(["", f"{key}= {value}", lines[row].replace("5", "0"), f"[{value}]"]))
    try:
        model = made("\n".join(lines)).model
    except HospitalFileError as error:
        known = [any(each.read(mistake.remedy) is not None for each in SENTENCES) for mistake in error.mistakes]
        return None if known and all(known) else pytest.fail("a refusal without a mistake, or not in a known sentence")
    assert np.all(np.linalg.eigvalsh(model.omega) > 0)
    return None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * x ** 2", 19.0),
        ("-x / 4", -0.75),
        ("min(x, 2, 7) + max(x, 1)", 5.0),
        ("exp(log(x))", 3.0),
        ("where(x >= 3 and not x > 4, 10, 20)", 10.0),
        ("10 if x < 3 or x == 3 else 20", 10.0),
        ("+x", 3.0),
        ("(x > 1) + (x > 2)", 2.0),
        ("exp(x == 3)", math.e),
        ("x * (not x > 5)", 3.0),
        ("(1 if x > 2 and x < 9 else 0) * 7", 7.0),
    ],
)
def test_arithmetic_is_computed(text: str, value: float) -> None:
    assert float(parse(text)({"x": np.array([3.0])})[0]) == pytest.approx(value)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "x.__class__",
        "x[0]",
        "[y for y in x]",
        "lambda: 1",
        "'text'",
        "True",
        "open('x')",
        "exp(x=1)",
        "exp(1, 2)",
        "min(1)",
        "1 < x < 2",
        "x @ x",
        "x // 2",
        "x % 2",
        "x := 3",
        "f'{x}'",
        "*x",
        "1j",
        "",
        "1 +",
        "(" * 80 + "x" + ")" * 80 + "+",
        "-" * 60 + "x",
        "x" + " + x" * 600,
        "x" + ".a" * 990,
        "x" + "()" * 500,
    ],
)
def test_everything_else_is_refused(text: str) -> None:
    with pytest.raises(ArithmeticTextError) as refused:
        parse(text)
    assert is_a_sentence(str(refused.value))


def test_what_cannot_be_computed_is_no_finite_number_and_takes_no_time() -> None:
    assert not math.isfinite(float(parse("9.0 ** 9 ** 9 ** 9")({})))
    assert math.isnan(float(parse("(0 - 0.5) ** 0.75 * x")({"x": np.array([3.0])})[0]))
    assert math.isnan(float(parse("1 / 0")({})))


def test_the_document_of_the_format_has_the_tried_example_and_every_name(pytestconfig: pytest.Config) -> None:
    document = (pytestconfig.rootpath / "docs" / "hospital_models.md").read_text(encoding="utf-8")
    assert document.split("```toml\n")[1].split("```")[0] == LINEZOLID
    for name in (*STRUCTURES, *DERIVATIONS, *FORMS):
        assert name in document


@pytest.mark.parametrize(
    ("written", "system"),
    [
        (
            '[structure]\nname = "compartments"\ncount = 3\n[structure.effect_site]\n'
            'outputs = [{name = "bis", unit = "1", split = true}]',
            formulary.model("propofol-eleveld-2018").system,
        ),
        (
            '[structure]\nname = "compartments"\ncount = 2\noral = true\nlag = true\n'
            '[structure.metabolite]\nname = "paraxanthine"',
            formulary.model("caffeine-perera-2013").system,
        ),
        (
            '[structure]\nname = "compartments"\ncount = 2\noral = true\nlag = true\nbioavailability = true\n'
            "red_cells = true",
            formulary.model("tacrolimus-storset-2014").system,
        ),
        (
            '[structure]\nname = "michaelis_menten"\ncount = 2\nlinear = true\noral = true\nlag = true\n'
            "bioavailability = true\ninhibited = true",
            formulary.model("voriconazole-friberg-2012").system,
        ),
    ],
)
def test_a_file_names_the_library_s_own_structures(written: str, system: System) -> None:
    found = Findings()
    assert structure(found, tomllib.loads(written)["structure"]) is system
    assert found.mistakes == []


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('name = "michaelis_menten"\ncount = 1\nred_cells = true', "structure.red_cells is {}; the library says"),
        ('name = "compartments"\ncount = 1\n[structure.effect_site]\nside = 1', "structure.effect_site.side is 1"),
        ('name = "compartments"\ncount = 1\nmetabolite = 3', "metabolite is 3; write a table [metabolite]"),
        ('name = "transit"\ncount = 1\ntransits = 0', "the library says: transits is 0; give 1 to 50"),
        ('name = "compartments"', "structure.count is missing; write it: the structure needs it"),
        ('name = "compartments"\ncount = 1\nlag = true', "the library says: lag and bioavailability are of the oral"),
        ('name = "michaelis_menten"\ncount = 3', "the library says: count is 3; give 1 or 2"),
        ('name = "michaelis_menten"\ncount = 1\nlag = true', "the library says: lag and bioavailability are of the"),
        ('name = "warfarin_inr"\nfast = 0', "the library says: fast is 0 and slow 1"),
        (
            'name = "compartments"\ncount = 1\n[structure.effect_site]\n'
            'outputs = [{name = "x", unit = "1", scale = 2}]',
            "the library says: scale is 2 and site",
        ),
        ('name = "compartments"\ncount = 1\noral = "no"', "structure.oral is 'no'; write true or false"),
        ('name = "compartments"\ncount = 1\noral = true\nlag = 0.25', "structure.lag is 0.25; write true or false"),
    ],
)
def test_what_does_not_fit_a_structure_is_named(written: str, expected: str) -> None:
    found = Findings()
    structure(found, tomllib.loads("[structure]\n" + written)["structure"])
    assert any(expected in str(mistake) for mistake in found.mistakes)
    assert all(is_a_sentence(mistake.remedy) for mistake in found.mistakes)
