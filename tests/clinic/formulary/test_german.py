"""The formulary speaks German where its reader does; what was published stays English and is marked so."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from django.test import Client
from django.utils import translation
from django.utils.html import escape, format_html

from clinic.access.roles import Role
from clinic.formulary.templatetags.card_words import noted
from tests.factories import patient_records
from tests.words import pseudo
from tests.words.walk import left_on
from twins.pharmacology import formulary
from twins.records.models import HouseVersion

pytestmark = pytest.mark.django_db
GERMAN = {"Accept-Language": "de"}
LIMITS = "/formulary/limits/vancomycin"
FILES = Path(__file__).parents[2] / "twins" / "pharmacology" / "hospital_files"
GOTI = (FILES / "goti_as_file.toml").read_text(encoding="utf-8")


def test_the_list_and_a_card_are_german_and_quote_publications_in_english(client: Client) -> None:
    client.force_login(patient_records.person())
    page = client.get("/formulary", headers=GERMAN).content.decode()
    for said in ("Arzneimittelliste", "Praktische Grenzen:", "Zu beachten", "Modelle für Vancomycin."):
        assert said in page, said
    card = client.get("/formulary/vancomycin-goti-2018", headers=GERMAN).content.decode()
    assert "Variabilität und Residualfehler" in card
    for said in (
        "1812 Erwachsene (336 mit Hämodialyse), 2765 Konzentrationen",
        "Goti V et al. Ther Drug Monit 2018;40:212-221, mit dem Erratum von 2019",
        "Kreatinin unter 1 mg/dL wird über 65 Jahren auf 1 gesetzt (Erratum); im Artikel hieß es über 60.",
        "Zwischen Patienten: Varianz von Eta als ln(1 + CV²), aus 39,8, 81,6 und 57,1 % CV.",
        "Quelle: Rybak MJ et al., Konsensleitlinie von ASHP, IDSA, PIDS und SIDP.",
    ):
        assert said in card, said
    assert '<span lang="en">InsightRX/PKPDsim inst/models/pk_vanco_goti.json5</span>' in card
    english = client.get("/formulary/vancomycin-goti-2018").content.decode()
    assert "Variability and residual error" in english
    assert 'lang="en"' not in english.partition("<main")[2].partition("</main")[0]


def card_texts() -> Iterator[str]:
    """All that cards say of what ships, but for titles."""
    for name in formulary.model_ids():
        model = formulary.model(name)
        yield from (model.population, model.omega_convention, model.citation.text, *model.citation.read_in)
        yield from (*model.conflicts, *model.unverified, *model.intended, *model.cautioned)
        yield from (known.meaning for known in model.covariates)
    for name in formulary.drugs():
        drug = formulary.drug(name)
        yield from (drug.practice.source, *(target.source for target in drug.targets))
    yield from formulary.DO_NOT_SHIP.values()


def test_every_card_is_german_but_for_citations_that_have_no_word_of_ours() -> None:
    words = re.compile(
        r"\b(?:a|after|and|are|as|at|by|for|from|in|is|not|of|the|that|to|was|were|where|with|without)\b"
    )
    with translation.override("de"):
        left = {text for text in card_texts() if noted(text) == format_html('<span lang="en">{}</span>', text)}
    assert len(left) > 80, "citations and files are quoted"
    left.remove("reil HambergPKPD")  # a package and its model
    assert {text for text in left if words.search(text) or not re.search(r"\d{4}|/", text)} == set()


def test_what_a_hospital_wrote_of_its_own_model_stays_and_is_no_german(client: Client, tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text((FILES / "new_drug.toml").read_text(encoding="utf-8"), encoding="utf-8")
    client.force_login(patient_records.person())
    formulary.load(tmp_path)
    try:
        card = client.get("/formulary/linezolid-our-ward-2026", headers=GERMAN).content.decode()
    finally:
        formulary.load("")
    assert 'Nicht überprüft: <span lang="en">Made up to test the format; not for patients.</span>' in card
    assert "Nicht überprüft: Von diesem Krankenhaus in ours.toml hinzugefügt; es gehört nicht zum Produkt." in card
    assert "Varianz von Eta als ln(1 + CV²)" in card


def test_limits_are_typed_and_said_with_a_decimal_comma(client: Client) -> None:
    client.force_login(patient_records.person("addie", Role.ADMINISTRATOR, team=None))
    form = {"reason": "Beschluss der Kommission.", "interval": ["8", "12"], "after": "0", "low": "412,5"}
    refused = client.post(LIMITS, form)
    assert (refused.status_code, HouseVersion.objects.count()) == (422, 0)
    assert client.post(LIMITS, form, headers=GERMAN).status_code == 302
    assert HouseVersion.objects.get().low == 412.5
    page = client.get(LIMITS, headers=GERMAN).content.decode()
    assert "AUC24 412,5 bis 600 mg·h/L; alle 8, 12 h" in page
    assert 'value="412,5"' in page
    assert "Veröffentlicht: 600. Leer: wie veröffentlicht." in page


def test_what_is_followed_is_chosen_in_german(client: Client) -> None:
    client.force_login(patient_records.person("addie", Role.ADMINISTRATOR, team=None))
    page = client.get("/formulary/followed", headers=GERMAN).content.decode()
    for said in (
        *("Was hier begleitet wird", "11 Arzneimittel werden begleitet", "Können nicht begleitet werden"),
        *("Wie bei der Einrichtung; niemand hat es geändert.", "gehört zum Produkt", "4 Modelle, die nicht verwendet"),
        "Keine Schnittstelle nimmt Spiegel davon auf, und nach der Population allein wird es nicht gegeben.",
        "Keines seiner Modelle kann verwendet werden: Hamberg 2007 braucht",
    ):
        assert said in page, said
    form = {"after": "0", "place-gentamicin-xuan-2004-adult": "1", "reason": "Beschluss"}
    refused = client.post("/formulary/followed/vancomycin", form, headers=GERMAN).content.decode()
    assert "Das Modell Xuan 2004 (adults) ist eines für Gentamicin, nicht für Vancomycin" in refused
    stopped = {"after": "0", "stop": "1", "reason": "Beschluss"}
    assert client.post("/formulary/followed/vancomycin", stopped, headers=GERMAN).status_code == 302
    formulary = client.get("/formulary", headers=GERMAN).content.decode()
    assert "Von Vancomycin wird kein Zwilling geführt: es wurde hier nicht gewählt." in formulary
    assert 'Hier begleitet mit <span translate="no">Xuan 2004 (adults)</span>.' in formulary


@pytest.fixture
def bad_files(tmp_path: Path) -> Iterator[None]:
    """Files of the hospital's own, each with mistakes of another kind, and what each of them is called."""
    changes = {
        "again": (),
        "equation": (("(weight_kg / 70)", "weight_kg.real"), ("peripheral_volume_l = 38.4", "")),
        "keys": (("title =", "titel ="), ("format = 1", "format = 2"), ('unit = "kg"', 'unit = "kgs"')),
        "matrix": (("[0.147043, 0.510339, 0.282198]", "[0.147043, -0.51, 0.28]"),),
        "numbers": (("low = 33", "low = 333"), ("proportional = 0.227", "proportional = 22.7")),
        "reference": (("58.4 *", "-58.4 *"),),
        "structure": (("count = 2", "count = 4"),),
        "values": (("low = 33", "low = 'missing; write a number'"),),
    }
    for name, pairs in changes.items():
        text = GOTI
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new, 1)
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    (tmp_path / "b_again.toml").write_text(GOTI, encoding="utf-8")
    (tmp_path / "no_toml.toml").write_text("x = 1\nthis is = = not", encoding="utf-8")
    (tmp_path / "not_utf8.toml").write_bytes(b"\xff\xfe\x00")
    formulary.load(tmp_path)
    yield
    formulary.load("")


def problems_on(client: Client) -> str:
    client.force_login(patient_records.person())
    page = client.get("/formulary", headers=GERMAN).content.decode()
    return page.partition('<div class="notice stop">')[2].partition("</div>")[0]


@pytest.mark.usefixtures("bad_files")
def test_mistakes_of_a_hospitals_own_files_are_said_in_german_with_what_the_files_say_as_it_is(client: Client) -> None:
    found = unescape(re.sub(r"<[^>]+>", "", problems_on(client)))
    for said in (
        "b_again.toml, id: 'vancomycin-goti-2018-as-file'; ein anderes Modell hat diese Kennung; geben Sie eine eigene",
        "equation.toml, typical.central_volume_l: '58.4 * weight_kg.real",
        "'weight_kg.real' ist hier nicht erlaubt; schreiben Sie Zahlen, Namen",
        "equation.toml, typical.peripheral_volume_l: fehlt; schreiben Sie die Gleichung dafür",
        "keys.toml, format: 2; schreiben Sie format = 1",
        "keys.toml, titel: 'Goti 2018, written as a file'; diesen Schlüssel gibt es nicht; bekannt sind format, id",
        "mg/L, kg, mL/min, oder 1 für keine; ähnlich sind kg",
        "numbers.toml, covariate[1].low: 333.0; es liegt über high, 255; vertauschen Sie die beiden",
        "reference.toml, reference: ",
        "die Gleichungen sind dort nicht brauchbar: Goti 2018",
        "structure.toml, structure: {'count': 4}; die Bibliothek sagt: count ist 4; geben Sie 1, 2 oder 3",
        "values.toml, covariate[1].low: 'missing; write a number'; schreiben Sie eine Zahl",
        "no_toml.toml, die Datei: kein TOML; berichtigen Sie sie: ",
        "(Zeile 2, Spalte 6)",
        "not_utf8.toml, die Datei: kein UTF-8; speichern Sie sie als UTF-8",
    ):
        assert said in found, said


@pytest.mark.usefixtures("bad_files")
def test_no_word_about_a_mistake_goes_without_its_german(client: Client) -> None:
    with pseudo.spoken():
        shown = problems_on(client)
    assert len(re.findall("<li>", shown)) >= 12
    expression, keys, parameter, example = (left.what for left in left_on(shown, "mistakes"))
    assert (expression, parameter) == ("'weight_kg.real'", "central_volume_l"), "names of the file"
    assert keys.split(", ")[:3] == ["format", "id", "version"]
    assert example == "number 0.15", "as a file of this format writes it, in whichever language"


def test_no_word_of_any_card_goes_without_its_german(client: Client) -> None:
    client.force_login(patient_records.person())
    names = formulary.model_ids()
    with pseudo.spoken():
        pages = {name: client.get(f"/formulary/{name}", headers=GERMAN).content.decode() for name in names}
    cards = {name: page.replace(escape(formulary.model(name).title), "") for name, page in pages.items()}
    left = {left.what for name, card in cards.items() for left in left_on(card, name)}
    assert left == set()
