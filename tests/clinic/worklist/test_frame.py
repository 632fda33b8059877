"""The frame of every page, and the pages that say what went wrong and what to do."""

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from clinic.access.roles import Role
from tests.factories import patient_records as rows

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("code", ["400", "403", "403_csrf", "404", "500"])
def test_an_error_page_says_what_to_do_even_without_a_request(code):
    page = render_to_string(f"{code}.html")
    assert "<h1>" in page
    assert "first page" in page
    assert "never orders" in page


def test_an_unknown_address_gets_the_404_page_with_its_reference(client):
    client.force_login(rows.person())
    response = client.get("/nowhere")
    assert response.status_code == 404
    assert "There is no such page" in response.content.decode()
    assert response.headers["X-Request-Id"] in response.content.decode()


def test_a_form_without_its_token_is_refused_with_a_way_on():
    client = Client(enforce_csrf_checks=True)
    client.force_login(rows.person())
    response = client.post(reverse("logout"))
    assert response.status_code == 403
    assert "reload the page and send the form again" in response.content.decode()


@pytest.mark.parametrize(
    ("role", "seen", "hidden"),
    [
        (Role.CLINICIAN, ("Worklist",), ("Studies", "Quarantine")),
        (Role.PHARMACIST, ("Worklist", "Quarantine"), ("Studies",)),
    ],
)
def test_the_navigation_offers_what_the_role_may_open(client, role, seen, hidden):
    client.force_login(rows.person(role=role))
    page = client.get("/").content.decode()
    navigation = page[page.index("<nav") : page.index("</nav>")]
    for name in seen:
        assert f">{name}</a>" in navigation
    for name in hidden:
        assert name not in navigation


def test_the_frame_names_the_person_the_intended_use_and_the_clock(client):
    client.force_login(rows.person())
    page = client.get("/").content.decode()
    assert "Mira Test" in page
    assert "Patient Twin advises, never orders." in page
    assert "All times are in UTC." in page


def test_scripts_may_neither_evaluate_text_nor_keep_pages_of_patients(client):
    """htmx is told so on every page: no eval, no inline style, no history cache in the browser's storage."""
    client.force_login(rows.person())
    page = client.get("/").content.decode()
    for setting in ('"allowEval":false', '"includeIndicatorStyles":false', '"historyCacheSize":0'):
        assert setting in page
