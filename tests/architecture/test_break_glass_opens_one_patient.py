"""Emergency access opens the pages of one patient: no list, and no other patient."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from clinic.access.roles import Role
from tests.architecture.every_row import IDENTIFYING, address_of, someone_known
from tests.architecture.every_url import ROWS, Standing
from tests.factories import patient_records

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
PAGES = [(name, method) for name, row in ROWS.items() if row.of_one_patient for method in sorted(row.methods)]
LISTS = [
    name
    for name, row in ROWS.items()
    if "get" in row.methods and not row.of_one_patient and Role.CLINICIAN in row.comes_in[Standing.OTHERS]
]


@pytest.fixture
def vic(client: Client, settings: Any) -> User:
    user = patient_records.person("vic", team="Other ward")
    user.set_password(PASSWORD)
    user.save()
    client.force_login(user)
    return user


def test_no_list_and_no_other_patient_is_opened_with_it(client: Client, vic: User) -> None:
    someone, other = someone_known(), patient_records.patient("Elseworth")
    form = {"emergency": "cover", "reason": "The ward has nobody."}
    client.post(f"/patients/{other.pk}/break-glass", form)
    assert client.get(f"/patients/{other.pk}").status_code == 200
    for name, method in PAGES:
        answer = getattr(client, method)(address_of(someone, name), {"again": PASSWORD})
        assert answer.status_code == 403, (name, method)
    for name in LISTS:
        assert not IDENTIFYING.search(client.get(address_of(someone, name)).content.decode()), name
