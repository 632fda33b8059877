"""What the words mean is one question mark away, and on one page for everybody who is signed in."""

import re
from html import escape
from pathlib import Path

import pytest
from django.http import HttpRequest
from django.template import Context, Template
from django.test import Client
from django.urls import reverse

from clinic.access.roles import Role
from clinic.site.glossary import TERMS
from tests.factories import patient_records as rows

ROOT = Path(__file__).resolve().parents[3]
ASKED = {
    name
    for page in (ROOT / "clinic").rglob("*.html")
    for name in re.findall(r'{% explain "([^"]+)" %}', page.read_text(encoding="utf-8"))
}


def test_every_term_is_explained_on_some_page_and_every_explanation_is_there() -> None:
    assert set(TERMS) == ASKED


def test_a_question_mark_opens_its_own_explanation_and_has_a_name_of_its_own() -> None:
    made = Template('{% load help_words %}{% explain "auc24" %}{% explain "auc24" %}').render(
        Context({"request": HttpRequest()})
    )
    targets, places = re.findall(r'popovertarget="([^"]+)"', made), re.findall(r' id="([^"]+)" popover', made)
    assert targets == places
    assert len(set(places)) == 2
    assert made.count('aria-label="What does AUC24 mean?"') == 2


@pytest.mark.django_db
@pytest.mark.parametrize("role", Role)
def test_whatever_ones_role_the_words_are_explained(client: Client, role: Role) -> None:
    client.force_login(rows.person(role=role))
    page = client.get(reverse("help")).content.decode()
    assert all(f'id="{name}"' in page and escape(term.name) in page for name, term in TERMS.items())


@pytest.mark.django_db
def test_the_foot_of_every_page_says_what_it_is_for_and_for_whom_not(client: Client) -> None:
    client.force_login(rows.person())
    foot = client.get("/").content.decode().split('<footer class="site">')[1]
    assert "advises, never orders" in foot
    assert "outside the population" in foot
    assert reverse("help") in foot
