"""The tables of ``definitions/`` as kinds of elements with their fields, ready to be walked."""

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from importlib.resources import files

from integrations.fhir.validate.bindings import ValueSet, value_sets
from integrations.fhir.validate.invariants import RULES
from integrations.fhir.validate.primitives import PRIMITIVES, Accepts, Primitive
from integrations.fhir.validate.rule import Rule


class Form(Enum):
    """How the value of a field is looked at."""

    PRIMITIVE = auto()
    SHADOW = auto()
    ELEMENT = auto()
    REFERENCE = auto()
    NARRATIVE = auto()
    RESOURCE = auto()
    TYPE = auto()


@dataclass(slots=True)
class Field:
    """One JSON property: ``valueQuantity`` of the element ``value[x]``, or ``_status``, the shadow of ``status``."""

    name: str
    form: Form
    many: bool
    stem: str
    choice: str | None = None
    primitive: Primitive = PRIMITIVES["string"]
    binding: ValueSet | None = None
    kind: "Kind" = dataclasses.field(default_factory=lambda: NOTHING)
    targets: frozenset[str] | None = None
    plain: Accepts | None = None
    """Whether a value is right, where the primitive type alone decides it."""


@dataclass(slots=True)
class Kind:
    """A data type, a resource type, or an element inside one: its fields, what must be there, and its invariants."""

    name: str
    is_resource: bool = False
    fields: dict[str, Field] = dataclasses.field(default_factory=dict)
    required: list[tuple[str, tuple[str, ...]]] = dataclasses.field(default_factory=list)
    rules: tuple[Rule, ...] = ()


NOTHING: Kind = Kind("nothing")
"""The kind of a field that has no fields of its own."""

# https://hl7.org/fhir/R4/datatypes.html#open; R4B adds CodeableReference and RatioRange.
_OPEN_TYPES = """
base64Binary boolean canonical code date dateTime decimal id instant integer markdown oid positiveInt string time
unsignedInt uri url uuid Address Age Annotation Attachment CodeableConcept Coding ContactPoint Count Distance Duration
HumanName Identifier Money Period Quantity Range Ratio Reference SampledData Signature Timing ContactDetail Contributor
DataRequirement Expression ParameterDefinition RelatedArtifact TriggerDefinition UsageContext Dosage Meta
"""
_OPEN = tuple(_OPEN_TYPES.split())

_ELEMENT = ("id 0..1 string", "extension 0..* Extension")
_BACKBONE = (*_ELEMENT, "modifierExtension 0..* Extension")
_RESOURCE = ("id 0..1 id", "meta 0..1 Meta", "implicitRules 0..1 uri", "language 0..1 code")
_DOMAIN = (
    *_RESOURCE,
    *("text 0..1 Narrative", "contained 0..* Resource", "extension 0..* Extension"),
    "modifierExtension 0..* Extension",
)
_INHERITED = {
    "Element": _ELEMENT,
    "Quantity": _ELEMENT,
    "BackboneElement": _BACKBONE,
    "Resource": _RESOURCE,
    "DomainResource": _DOMAIN,
}
_TYPE = re.compile(r"(?P<name>=?[\w*]+(?:\.\w+)*)(?:\((?P<targets>[^)]*)\))?(?:<(?P<binding>[^>]*)>)?")


@cache
def resource(resource_type: str) -> Kind | None:
    """The kind of a resource type that has a table here, or nothing."""
    if not re.fullmatch(r"[A-Z][A-Za-z]*", resource_type, re.ASCII):
        return None
    table = files(f"{__package__}.definitions").joinpath(
        re.sub(r"(?<!^)(?=[A-Z])", "_", resource_type).lower() + ".txt"
    )
    if not table.is_file():
        return None
    return _read(table.read_text("utf-8"), datatypes())[resource_type]


@cache
def datatypes() -> dict[str, Kind]:
    """The kinds of all data types by name."""
    return _read(files(f"{__package__}.definitions").joinpath("datatypes.txt").read_text("utf-8"), {})


def _read(text: str, known: dict[str, Kind]) -> dict[str, Kind]:
    blocks = list(_blocks(text))
    kinds = {name: Kind(name) for name, _, _ in blocks}
    if not known:
        kinds["SimpleQuantity"] = Kind("SimpleQuantity")
        kinds["Element"] = Kind("Element")
        quantity = next(lines for name, _, lines in blocks if name == "Quantity")
        blocks += [("SimpleQuantity", "Quantity", quantity), ("Element", "Element", [])]
    for name, base, lines in blocks:
        _fill(kinds[name], base, lines, {**known, **kinds})
    return kinds


def _blocks(text: str) -> Iterator[tuple[str, str, list[str]]]:
    """Each type of a table with its base and its lines, continued ones joined."""
    name, base = "", ""
    lines: list[str] = []
    for raw in text.splitlines():
        if not raw.strip() or raw.startswith("#"):
            continue
        if not raw.startswith(" "):
            if name:
                yield name, base, lines
            name, _, base = raw.partition(" : ")
            lines = []
        elif raw.startswith("      "):
            lines[-1] += ("" if lines[-1].endswith("|") else " ") + raw.strip()
        else:
            lines.append(raw.strip())
    yield name, base, lines


def _fill(kind: Kind, base: str, lines: list[str], known: dict[str, Kind]) -> None:
    """Give a kind its fields, and those inside it theirs."""
    inner = {"": kind}
    for line in lines:
        path, _, types = line.split(maxsplit=2)
        if types in ("BackboneElement", "Element"):
            inner[path] = Kind(f"{kind.name}.{path}")
            for inherited in _INHERITED[types]:
                _add(inner[path], inherited, known, inner)
    kind.is_resource = base in ("Resource", "DomainResource")
    if kind.is_resource:
        kind.fields["resourceType"] = Field("resourceType", Form.TYPE, many=False, stem="resourceType")
    for line in (*_INHERITED[base], *lines):
        owner, _, name = line.split(maxsplit=1)[0].rpartition(".")
        _add(inner[owner], f"{name} {line.split(maxsplit=1)[1]}", known, inner, line.split(maxsplit=1)[0])
    for path, one in inner.items():
        own = RULES.get(f"{kind.name}.{path}" if path else kind.name, ())
        quantity = RULES["Quantity"] if base == "Quantity" and not path else ()
        modified = RULES["BackboneElement"] if "modifierExtension" in one.fields else ()
        one.rules = (*modified, *quantity, *own)


def _add(kind: Kind, line: str, known: dict[str, Kind], inner: dict[str, Kind], path: str = "") -> None:
    """Add the fields of one line of a table."""
    name, cardinality, *types = line.split()
    choice = name.removesuffix("[x]") if name.endswith("[x]") else None
    many = not cardinality.endswith("1")
    names: list[str] = []
    for written in _OPEN if types == ["*"] else types:
        match = _TYPE.fullmatch(written)
        if match is None:
            raise ValueError(f"{kind.name}.{name} has the type {written!r}, which the tables do not know")
        type_name = match["name"]
        suffix = type_name.removeprefix("Simple")
        json_name = name if choice is None else choice + suffix[0].upper() + suffix[1:]
        binding = value_sets()[match["binding"]] if match["binding"] else None
        one = Field(json_name, Form.ELEMENT, many, json_name, choice, binding=binding)
        if type_name == "xhtml":
            one.form, one.primitive = Form.NARRATIVE, PRIMITIVES["xhtml"]
        elif type_name in PRIMITIVES:
            one.form, one.primitive = Form.PRIMITIVE, PRIMITIVES[type_name]
            if binding is None:
                one.plain = one.primitive.accepts
            if (kind.name, name) != ("Extension", "url") and name != "id":  # these two are attributes, never extended
                shadow = Field(f"_{json_name}", Form.SHADOW, many, json_name, choice, kind=known["Element"])
                kind.fields[shadow.name] = shadow
                names.append(shadow.name)
        elif type_name == "Resource":
            one.form = Form.RESOURCE
        elif type_name in ("BackboneElement", "Element"):
            one.kind = inner[path]
        elif type_name.startswith("="):
            one.kind = inner[type_name[1:]]
        else:
            one.kind = known[type_name]
            if type_name == "Reference":
                one.form = Form.REFERENCE
                one.targets = frozenset(match["targets"].split("|")) if match["targets"] else None
        kind.fields[json_name] = one
        names.append(json_name)
    if not cardinality.startswith("0"):
        kind.required.append((name, tuple(names)))
