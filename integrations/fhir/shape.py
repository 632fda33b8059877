"""Less than a whole resource: `_summary` and `_elements`. What stays keeps its digits."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
from fhir.resources.R4B import get_fhir_model_class

from integrations.fhir.outcome import bad_value

SUMMARIES = ("true", "text", "data", "count", "false")
_ALWAYS = frozenset({"resourceType", "id", "meta", "implicitRules", "modifierExtension"})
_SUBSETTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.encode


@dataclass(frozen=True, slots=True)
class Shape:
    """What of each resource is shown: all, a `summary`, or some `elements`, which may begin with a type's name."""

    summary: str = ""
    elements: tuple[str, ...] = ()

    def of(self, resource_type: str, body: bytes, *, included: bool = False) -> bytes:
        """The resource's JSON, in this shape; elements without a type are those of what was searched for."""
        named = [element.split(".") for element in self.elements]
        elements = [path[1] if path[0] == resource_type and len(path) > 1 else path[0] for path in named
                    if path[0] == resource_type or not (included or path[0][:1].isupper())]  # fmt: skip
        return narrowed(body, elements=elements, summary=self.summary)


def read_elements(text: str) -> tuple[str, ...]:
    """The names in ``_elements``.

    Raises
    ------
    Refusal
        400 if there is none, or one that is no name.
    """
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names or not all(name.replace(".", "").replace("[x]", "").isalnum() and len(name) < 100 for name in names):
        raise bad_value("_elements", text, "give names of elements, such as id,status,code")
    return tuple(name.removesuffix("[x]") for name in names)


def narrowed(body: bytes, *, elements: Collection[str] = (), summary: str = "") -> bytes:
    """The resource with only those elements, or only what a summary holds; with what is mandatory, and the tag that
    says that it is not whole.

    `summary` is ``true``, ``text``, ``data``, or anything else for all.
    """
    if not elements and summary not in ("true", "text", "data"):
        return body
    members = _members(body)
    kind = msgspec.json.decode(members.pop("resourceType"))
    mandatory = _mandatory(kind)
    match summary if not elements else "":
        case "true":
            kept = mandatory | _summary(kind)
        case "text":
            kept = mandatory | {"text"}
        case "data":
            kept = frozenset(name.removeprefix("_") for name in members) - {"text"}
        case _:
            kept = mandatory | {name for name in members for wanted in elements if _is(name, wanted)}
    shown = {name: value for name, value in members.items() if name.removeprefix("_") in kept}
    meta: dict[str, Any] = _members(members["meta"]) if "meta" in members else {}
    tags = msgspec.json.decode(meta["tag"]) if "tag" in meta else []
    meta["tag"] = [*tags, _SUBSETTED]
    return _encode({"resourceType": kind, **shown, "meta": meta})


def _is(name: str, wanted: str) -> bool:
    """Whether an element has that name, or is one of its choices (``value`` for ``valueQuantity``)."""
    rest = name.removeprefix(wanted)
    return name == wanted or (rest != name and rest[:1].isupper())


@cache
def _mandatory(resource_type: str) -> frozenset[str]:
    """What a resource is not valid without, all names of a choice among them."""
    model = get_fhir_model_class(resource_type)
    required = (
        field.alias or name
        for name, field in model.model_fields.items()
        if field.is_required()
        or (
            isinstance(field.json_schema_extra, dict)
            and (field.json_schema_extra.get("element_required") or field.json_schema_extra.get("one_of_many_required"))
        )
    )
    return _ALWAYS | frozenset(required)


@cache
def _summary(resource_type: str) -> frozenset[str]:
    return frozenset(get_fhir_model_class(resource_type).summary_elements_sequence())
