"""Each fault does what its description says, can be repeated by seed, and leaves the usable data as they were."""

import json
import time
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest
from fhir.resources.R4B.observation import Observation
from pydantic import ValidationError

from integrations.ward.disturbances import CONTENT
from integrations.ward.faults import PAGE, FaultError, FaultPlan, Faults
from integrations.ward.log import TYPES
from integrations.ward.ward import Ward

from .conftest import EPOCH, pages, resources


def usable(client: httpx.Client) -> dict[str, dict[str, Any]]:
    """What a careful client ends with: what is valid, not withdrawn and in a known unit, each in its last version."""
    found = {}
    for kind in TYPES:
        for resource in resources(client, f"{kind}?_count=500"):
            if resource.get("status") == "entered-in-error" or resource.get("valueQuantity", {}).get("unit") == "foo":
                continue
            if kind == "Observation" and "code" not in resource:
                continue
            plain = {name: value for name, value in resource.items() if name != "meta"}
            if plain.get("status") in ("amended", "corrected"):
                plain["status"] = "final"
            found[f"{kind}/{resource['id']}"] = plain
    return found


def switch_on(client: httpx.Client, *names: str, **settings: Any) -> dict[str, Any]:
    response = client.post("../_ward/faults", json={"names": list(names), "seed": 3, **settings})
    return response.raise_for_status().json()


EVERY_LASTING_FAULT = (*PAGE, *CONTENT)


@pytest.mark.parametrize(
    ("names", "hours"),
    [*(((name,), 72) for name in EVERY_LASTING_FAULT), *((EVERY_LASTING_FAULT, hours) for hours in (24, 72, 150))],
)
def test_the_usable_data_are_those_of_the_undisturbed_ward(
    client: httpx.Client, ward: Ward, names: tuple[str, ...], hours: float
) -> None:
    ward.clock.set_hours(hours)
    undisturbed = usable(client)
    told = switch_on(client, *names)["disturbances"]
    open_now = [
        item["reference"] for item in told if item["mended"] and item["opens"] <= told_now(ward) < item["mended"]
    ]
    disturbed = usable(client)
    for reference in open_now:
        disturbed.pop(reference, None)
        undisturbed.pop(reference, None)
    assert disturbed == undisturbed


def told_now(ward: Ward) -> str:
    return ward.now().strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize("name", CONTENT)
def test_each_content_fault_is_seen_by_the_third_day(client: httpx.Client, ward: Ward, name: str) -> None:
    told = switch_on(client, name)["disturbances"]
    assert {item["fault"] for item in told} == {name}
    assert sum(item["opens"] < told_now(ward) for item in told) >= 1


@pytest.mark.parametrize("status", ["corrected", "amended"])
def test_a_wrong_version_is_served_until_the_right_one_is_known(client: httpx.Client, ward: Ward, status: str) -> None:
    before = {r["id"]: r for r in resources(client, "Observation?_count=1000")}
    kinds = Counter()
    for item in switch_on(client, status)["disturbances"]:
        if item["mended"] > told_now(ward):
            continue
        ward.clock.set_hours((datetime.fromisoformat(item["opens"]) - EPOCH) / timedelta(hours=1))
        wrong = client.get(item["reference"])
        ward.clock.set_hours(72)
        right = client.get(item["reference"]).json()
        assert wrong.headers["etag"] == 'W/"1"'
        assert (wrong.json()["status"], right["status"]) == ("final", status)
        undisturbed = before[right["id"]]
        assert right["valueQuantity"] == undisturbed["valueQuantity"] != wrong.json()["valueQuantity"]
        assert right["effectiveDateTime"] == wrong.json()["effectiveDateTime"]
        assert right["meta"]["lastUpdated"] == undisturbed["meta"]["lastUpdated"]
        assert right["meta"]["versionId"] == "2"
        kinds[right["code"]["coding"][0]["code"]] += 1
    assert {"20578-1", "2160-0", "8310-5"} <= set(kinds)


def test_what_was_entered_in_error_stands_for_three_hours_and_is_withdrawn(client: httpx.Client, ward: Ward) -> None:
    kinds = Counter()
    for item in switch_on(client, "entered-in-error")["disturbances"]:
        opens, mended = (datetime.fromisoformat(item[name]) for name in ("opens", "mended"))
        assert mended - opens == timedelta(hours=3)
        ward.clock.set_hours((opens - EPOCH) / timedelta(hours=1))
        standing = client.get(item["reference"]).json()
        ward.clock.set_hours((mended - EPOCH) / timedelta(hours=1))
        assert client.get(item["reference"]).json()["status"] == "entered-in-error"
        assert standing["status"] in ("final", "completed")
        kinds[standing["resourceType"]] += 1
    assert set(kinds) == {"Observation", "MedicationAdministration"}


def test_an_unknown_unit_comes_under_a_name_of_its_own(client: httpx.Client) -> None:
    switch_on(client, "unknown-unit", "unknown-unit-level")
    odd = [r for r in resources(client, "Observation?_count=1000") if r.get("valueQuantity", {}).get("code") == "foo"]
    codes = {r["code"]["coding"][0]["code"] for r in odd}
    assert codes == {"8867-4", "8310-5", "20578-1"}
    for resource in odd:
        Observation.model_validate(resource)
        assert client.get(f"Observation/{resource['id'].removesuffix('-foo')}").status_code == 200


def test_a_bad_entry_breaks_fhir_and_its_neighbours_do_not(client: httpx.Client) -> None:
    switch_on(client, "bad-entry")
    broken = 0
    for resource in resources(client, "Observation?_count=1000"):
        if resource["id"].endswith("-broken"):
            broken += 1
            with pytest.raises(ValidationError):
                Observation.model_validate(resource)
        else:
            Observation.model_validate(resource)
    assert broken >= 2


def test_duplicates_lie_within_a_page_and_across_pages(client: httpx.Client) -> None:
    plain = [r["id"] for r in resources(client, "Device?_count=6")]
    switch_on(client, "duplicate")
    found = [[e["resource"]["id"] for e in page["entry"]] for page in pages(client, "Device?_count=6")]
    assert all(len(page) > len(set(page)) for page in found)
    assert all(later[0] == earlier[-1] for earlier, later in pairwise(found))
    assert list(dict.fromkeys(i for page in found for i in page)) == plain
    assert client.get("../_ward/faults").json()["struck"]["duplicate"] == len(found)


def test_out_of_order_is_another_order_that_is_stable_across_pages(client: httpx.Client) -> None:
    plain = [r["id"] for r in resources(client, "Observation?_count=1000")]
    switch_on(client, "out-of-order")
    scrambled = [r["id"] for r in resources(client, "Observation?_count=100")]
    assert scrambled != plain
    assert sorted(scrambled) == sorted(plain)
    assert scrambled == [r["id"] for r in resources(client, "Observation?_count=1000")]
    first_page = client.get("Observation?_count=100").json()["entry"]
    newest = max(e["resource"]["meta"]["lastUpdated"] for e in first_page)
    assert newest > client.get("Observation/" + plain[len(plain) // 2]).json()["meta"]["lastUpdated"]


def test_a_server_error_passes(client: httpx.Client) -> None:
    switch_on(client, "http-500", rate=1.0, failures=2)
    answers = [client.get("Patient?_count=3") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [500, 500, 200, 200]
    assert answers[0].json()["resourceType"] == "OperationOutcome"
    assert client.get("../_ward/faults").json()["struck"] == {"http-500": 2}


def test_too_many_requests_says_how_long_to_wait(client: httpx.Client) -> None:
    switch_on(client, "http-429", rate=1.0, failures=1, retry_after_s=2)
    answer = client.get("metadata")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
    assert answer.json()["issue"][0]["code"] == "throttled"
    assert client.get("metadata").status_code == 200


def test_a_time_out_lasts_longer_than_the_client_waits(client: httpx.Client) -> None:
    switch_on(client, "time-out", rate=1.0, failures=1, timeout_s=5.0)
    with pytest.raises(httpx.ReadTimeout):
        client.get("Patient", timeout=0.2)
    began = time.monotonic()
    assert client.get("Patient").status_code == 200
    assert time.monotonic() - began < 2.0


def test_a_time_out_ends_without_an_answer(client: httpx.Client) -> None:
    switch_on(client, "time-out", rate=1.0, failures=1, timeout_s=0.1)
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("Patient")


def test_a_truncated_body_is_no_json_and_its_length_is_that_of_what_was_sent(client: httpx.Client) -> None:
    whole = client.get("Observation").content
    switch_on(client, "truncated", rate=1.0, failures=1)
    cut = client.get("Observation")
    assert cut.status_code == 200
    assert int(cut.headers["content-length"]) == len(cut.content) < len(whole)
    assert whole.startswith(cut.content)
    with pytest.raises(json.JSONDecodeError):
        cut.json()
    assert client.get("Observation").content == whole


def test_faults_strike_the_same_requests_for_the_same_seed_and_others_for_another() -> None:
    urls = [f"/fhir/Observation?_page={n}" for n in range(300)]

    def struck(seed: int) -> list[str | None]:
        faults = Faults(FaultPlan(("http-500", "time-out", "truncated"), seed=seed, rate=0.3))
        return [faults.strike(url) for url in urls for _ in range(4)]

    assert struck(1) == struck(1)
    assert struck(1) != struck(2)
    by_url = [struck(1)[n * 4 : n * 4 + 4] for n in range(len(urls))]
    assert all(tries[2:] == [None, None] for tries in by_url)
    share = sum(try_ is not None for tries in by_url for try_ in tries[:2]) / 600
    assert share == pytest.approx(0.3, abs=0.06)
    assert {try_ for tries in by_url for try_ in tries} == {None, "http-500", "time-out", "truncated"}


def test_the_control_addresses_are_never_struck(client: httpx.Client) -> None:
    switch_on(client, "http-500", rate=1.0, failures=100)
    assert client.get("../_ward/clock").status_code == 200
    assert client.get("Patient").status_code == 500


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"names": ["http-600"]}, "http-600"),
        ({"names": "http-500"}, "names is"),
        ({"rate": 2}, "rate is 2"),
        ({"failures": -1}, "failures is -1"),
        ({"seed": "one"}, "seed is 'one'"),
        ({"seed": True}, "seed is True"),
        ({"timeout_s": 1e9}, "timeout_s is"),
        ({"retry_after_s": -1}, "retry_after_s is"),
        ({"speed": 1}, "speed is not a setting"),
    ],
)
def test_settings_that_cannot_be_are_refused_with_the_remedy(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(FaultError, match=words):
        FaultPlan.from_json(wrong)


def test_faults_that_are_refused_change_nothing(client: httpx.Client) -> None:
    switch_on(client, "duplicate")
    assert client.post("../_ward/faults", json={"names": ["nonsense"]}).status_code == 400
    assert client.get("../_ward/faults").json()["names"] == ["duplicate"]
