"""What is doubtful in a patient's data as DetectedIssues, and a twin that nothing can be forecast from as a Flag.

Each has one id for as long as it may come and go; its versions carry the numbers of the twin versions that changed it.
"""

from datetime import datetime
from typing import Any

import msgspec

from integrations.fhir.publish.basis import Basis
from integrations.fhir.publish.forecasts import instant
from integrations.fhir.publish.keep import Made
from integrations.fhir.publish.naming import CATEGORY, FINDING, concept, lasting_id
from integrations.readings.models import Resource
from integrations.readings.ours import TWIN
from twins.estimation.fit import Fit
from twins.quantities.clock import moment_at
from twins.records.followed import followed
from twins.records.models import TwinVersion
from twins.records.standing import FORECASTABLE
from twins.samples.course import Course, Finding

_CANNOT = "cannot-forecast"


def leads(version: TwinVersion) -> bool:
    """Whether the version is of the drug's first model: what is found in the data is said once, not for each model."""
    return version.model_id in followed().get(version.drug, ())[:1]


def issues(version: TwinVersion, course: Course, *, patient: str, device: str, basis: Basis) -> list[Made]:
    """New and changed findings, and those of before that are no longer found, as cancelled."""
    known = _current(version, "DetectedIssue")
    made: dict[str, Made] = {}
    for finding in course.findings:
        when = moment_at(course.start, finding.time_h) if finding.time_h is not None else None
        at = instant(when) if when else ""
        identifier = lasting_id("finding", version.subject_id, version.drug, finding.code, finding.source, at)
        content = _issue(version, finding, at, patient, device, basis)
        made[identifier] = Made(identifier, str(version.number), content, version.subject_id, when)
    changed = [one for one in made.values() if not _same(one.content, known.get(one.identifier))]
    gone = [
        _again(identifier, version, {**content, "status": "cancelled"})
        for identifier, content in known.items()
        if identifier not in made and content["status"] != "cancelled"
    ]
    return [*changed, *gone]


def flags(version: TwinVersion, fit: Fit, *, patient: str, device: str) -> list[Made]:
    """A Flag where nothing can be forecast; the same, inactive, once something can be again."""
    identifier = lasting_id("flag", version.subject_id, version.drug, _CANNOT)
    known = _current(version, "Flag").get(identifier)
    if fit.outcome in FORECASTABLE:
        if known is None or known["status"] == "inactive":
            return []
        period = {**known["period"], "end": instant(version.data_until)}
        return [_again(identifier, version, {**known, "status": "inactive", "period": period})]
    began = known["period"]["start"] if known and known["status"] == "active" else instant(version.data_until)
    words = f"The {version.drug} twin cannot be forecast: {fit.reason or fit.outcome.value}"
    content = {
        "resourceType": "Flag",
        "identifier": [_name(version.drug, _CANNOT)],
        "status": "active",
        "category": [concept(CATEGORY, "twin-state", "State of a patient's twin")],
        "code": concept(FINDING, _CANNOT, "The twin cannot be forecast", words),
        "subject": {"reference": patient},
        "period": {"start": began},
        "author": {"reference": device},
    }
    if _same(content, known):
        return []
    return [Made(identifier, str(version.number), content, version.subject_id, version.data_until)]


def _issue(version: TwinVersion, finding: Finding, at: str, patient: str, device: str, basis: Basis) -> dict[str, Any]:
    words = str(finding.code).replace("-", " ").capitalize()
    implicated = basis.references([finding.source]) if finding.source else []
    return {
        "resourceType": "DetectedIssue",
        "identifier": [_name(version.drug, finding.code)],
        "status": "final",
        "code": concept(FINDING, str(finding.code), words),
        "patient": {"reference": patient},
        **({"identifiedDateTime": at} if at else {}),
        "author": {"reference": device},
        **({"implicated": implicated} if implicated else {}),
        "detail": finding.sentence,
    }


def _name(drug: str, code: str) -> dict[str, str]:
    return {"system": FINDING, "value": f"{drug}/{code}"}


def _current(version: TwinVersion, kind: str) -> dict[str, dict[str, Any]]:
    """The newest versions of what was published of this subject and drug, by id."""
    rows = Resource.objects.filter(
        subject=version.subject_id, resource_type=kind, is_current=True, source_key__startswith=f"{TWIN}/"
    )
    found = {}
    for identifier, text in rows.values_list("resource_id", "text"):
        content = msgspec.json.decode(text)
        if content["identifier"][0]["value"].startswith(f"{version.drug}/"):
            found[identifier] = {name: value for name, value in content.items() if name != "id"}
    return found


def _again(identifier: str, version: TwinVersion, content: dict[str, Any]) -> Made:
    when = content.get("identifiedDateTime")
    event = datetime.fromisoformat(when) if when else None
    return Made(identifier, str(version.number), content, version.subject_id, event)


def _same(content: dict[str, Any], known: dict[str, Any] | None) -> bool:
    """Whether nothing but the software changed."""
    if known is None:
        return False
    return {**content, "author": None} == {**known, "author": None}
