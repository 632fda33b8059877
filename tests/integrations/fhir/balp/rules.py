"""The rules of BALP 1.1.4's profiles, written down from the differentials that IHE publishes.

Each profile's page is https://profiles.ihe.net/ITI/BALP/1.1.4/StructureDefinition-IHE.BasicAudit.<name>.html. Slices
are told apart by the pattern of their `type`; an agent or entity of no slice is allowed, for all slicings are open.
"""

from dataclasses import dataclass
from typing import Any

BASE = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
DCM = "http://dicom.nema.org/resources/ontology/DCM"
PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
ENTITY = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
ROLE = "http://terminology.hl7.org/CodeSystem/object-role"
INTERACTION = "http://hl7.org/fhir/restful-interaction"
SOURCES = {(PARTICIPATION, "AUT"), (PARTICIPATION, "INF"), (PARTICIPATION, "CST")}
RECIPIENT = {(PARTICIPATION, "IRCP")}


@dataclass(frozen=True)
class Rule:
    action: str
    subtypes: tuple[str, ...]
    client: tuple[str, str]
    server: tuple[str, str]
    user: set[tuple[str, str]]
    is_query: bool = False


SOURCE, DESTINATION = (DCM, "110153"), (DCM, "110152")
RULES = {
    "Create": Rule("C", ("create",), SOURCE, DESTINATION, SOURCES),
    "Read": Rule("R", ("read", "vread"), DESTINATION, SOURCE, RECIPIENT),
    "Update": Rule("U", ("update", "patch"), SOURCE, DESTINATION, SOURCES),
    "Delete": Rule(
        "D", ("delete",), (DCM, "110150"),
        ("http://terminology.hl7.org/CodeSystem/provenance-participant-type", "custodian"), SOURCES,
    ),
    "Query": Rule("E", ("search", "search-type", "search-system"), SOURCE, DESTINATION, RECIPIENT, is_query=True),
}  # fmt: skip


def broken(resource: dict[str, Any]) -> list[str]:
    """What the event breaks of the profiles that it names."""
    wrong: list[str] = []
    for profile in resource["meta"].get("profile", []):
        name = profile.removeprefix(BASE)
        if name == "OAUTHaccessTokenUse.Minimal":
            wrong += _oauth(resource)
        else:
            wrong += _rest(resource, RULES[name.removeprefix("Patient")], patient=name.startswith("Patient"))
    return wrong


def codes(concept: dict[str, Any]) -> set[tuple[str, str]]:
    return {(coding["system"], coding["code"]) for coding in concept.get("coding", [])}


def _rest(resource: dict[str, Any], rule: Rule, *, patient: bool) -> list[str]:
    done = [coding["code"] for coding in resource["subtype"] if coding["system"] == INTERACTION]
    wrong = [
        said
        for said, holds in (
            ("type", resource["type"]["code"] == "rest"),
            ("subtype", len(done) == 1 and done[0] in rule.subtypes),
            ("action", resource["action"] == rule.action),
            ("outcome", resource["outcome"] == "0"),
        )
        if not holds
    ]
    for name, code in (("client", rule.client), ("server", rule.server)):
        found = [agent for agent in resource["agent"] if code in codes(agent.get("type", {}))]
        if len(found) != 1 or "who" not in found[0] or "network" not in found[0] or "media" in found[0]:
            wrong.append(f"agent:{name}")
    users = [agent for agent in resource["agent"] if codes(agent.get("type", {})) & rule.user]
    if len(users) > 1 or any("who" not in one or "network" in one or one["requestor"] is not True for one in users):
        wrong.append("agent:user")
    return wrong + _entities(resource, rule, patient=patient)


def _entities(resource: dict[str, Any], rule: Rule, *, patient: bool) -> list[str]:
    def of(code: str) -> list[dict[str, Any]]:
        return [
            one for one in resource["entity"] if one["type"].get("system") == ENTITY and one["type"]["code"] == code
        ]

    wrong = []
    objects, people = of("2"), of("1")
    if len(objects) != 1:
        return [f"{len(objects)} entities of type 2"]
    role = (objects[0]["role"]["system"], objects[0]["role"]["code"])
    if rule.is_query:
        forbidden = {"what", "lifecycle", "detail"} & set(objects[0])
        if role != (ROLE, "24") or "query" not in objects[0] or forbidden:
            wrong.append("entity:query")
    elif role not in {(ROLE, "4"), (ROLE, "3"), (ROLE, "20")} or "what" not in objects[0]:
        wrong.append("entity:data")
    if patient and (len(people) != 1 or (people[0]["role"]["code"], people[0]["what"]["type"]) != ("1", "Patient")):
        wrong.append("entity:patient")
    if not patient and people:
        wrong.append("a patient in the variant for nobody's data")
    requests = [one for one in resource["entity"] if one["type"]["code"] == "XrequestId"]
    if len(requests) > 1 or any(not one["what"]["identifier"]["value"] for one in requests):
        wrong.append("entity:transaction")
    return wrong


def _oauth(resource: dict[str, Any]) -> list[str]:
    agent_type = ("https://profiles.ihe.net/ITI/BALP/CodeSystem/UserAgentTypes", "UserOauthAgent")
    users = [agent for agent in resource["agent"] if agent_type in codes(agent.get("type", {}))]
    wrong = [] if users else ["agent:oUser"]
    for one in users:
        policy = one.get("policy", [])
        if len(policy) != 1 or not policy[0].startswith("urn:ietf:params:oauth:jti:") or not one["requestor"]:
            wrong.append("agent:oUser.policy")
        if "network" in one or "media" in one:
            wrong.append("agent:oUser.network")
    return wrong
