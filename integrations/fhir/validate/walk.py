"""One walk over a resource along the tables: every element, reference, code and invariant, and every fault kept.

A place is a chain of (place before, name, index), made only for elements and put in words only for a fault: a thousand
Observations without a fault cost little more than looking at their values.
"""

from typing import Any

from integrations.fhir.validate import cgm, narrative, other_types, profiles
from integrations.fhir.validate.bindings import ValueSet, resource_types
from integrations.fhir.validate.contained import complaints as complaints_of_contained
from integrations.fhir.validate.fault import Fault, Severity, one_of, path_name, shown
from integrations.fhir.validate.references import Scope, named_type, odd_urn, target_type
from integrations.fhir.validate.rule import Json, Rule
from integrations.fhir.validate.table import Field, Form, Kind, resource
from integrations.readings.repeated_keys import keys_in

Place = tuple[Any, str, int] | None

_PRIMITIVE, _ELEMENT, _REFERENCE, _SHADOW = Form.PRIMITIVE, Form.ELEMENT, Form.REFERENCE, Form.SHADOW

DEEPEST = 64
MOST_FAULTS = 100


class Enough(Exception):
    """As many faults as anyone reads were found."""


class Walk:
    """The faults of one message, and the number of keys seen in it."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.keys = 0
        self._depth = 0
        self._scope = Scope()

    def fault(
        self, place: Place, sentence: str, *, code: str = "structure", severity: Severity = "error", name: str = ""
    ) -> None:
        """Keep a fault; its sentence starts with the place."""
        expression = words(place) + (f".{name.removesuffix('[x]')}" if name else "")
        self.faults.append(Fault(severity, code, f"{expression} {sentence}", expression))
        if len(self.faults) >= MOST_FAULTS:
            raise Enough

    def resource(self, value: Any, place: Place, expected: str | None = None, *, contained: bool = False) -> None:
        """A resource: the whole message, an entry of a Bundle, a parameter, or a contained one."""
        if type(value) is not dict:
            self.fault(place, f"is {shown(value)}; send a resource, a JSON object with a resourceType")
            return
        name = value.get("resourceType", expected)
        if type(name) is not str or (expected is not None and name != expected):
            remedy = f"send {expected}" if expected else "send the name of a resource type of R4"
            self.fault(place, f"is {shown(value.get('resourceType'))}; {remedy}", name="resourceType")
            self.keys += keys_in(value)
            return
        if "resourceType" not in value:
            self.fault(place, f"is missing; send {expected}", code="required", name="resourceType")
        kind = resource(name)
        if kind is None:
            self._other(name, value, place)
        elif contained:
            self.element(value, kind, place)
        else:
            self._with_scope(value, kind, place)

    def _other(self, name: str, value: Json, place: Place) -> None:
        self.keys += keys_in(value)
        if name not in resource_types():
            self.fault(
                place, f"is {shown(name)}, which is no resource type of R4; send one that is", name="resourceType"
            )
            return
        for code, sentence, loc in other_types.complaints(name, value):
            inner = place
            for part in loc:
                inner = (inner[0], inner[1], part) if isinstance(part, int) and inner else (inner, str(part), -1)
            self.fault(inner, sentence, code=code)

    def _with_scope(self, value: Json, kind: Kind, place: Place) -> None:
        """A resource that is not contained has its own contained ones; a Bundle adds what its entries name."""
        outer, self._scope = self._scope, Scope(entries=self._scope.entries)
        contained = value.get("contained")
        if type(contained) is list:
            for one in contained:
                if type(one) is dict and type(one.get("id")) is str:
                    self._scope.contained[one["id"]] = str(one.get("resourceType"))
        if kind.name == "Bundle" and type(value.get("entry")) is list:
            self._scope.entries = {
                entry["fullUrl"]: str(entry["resource"].get("resourceType"))
                for entry in value["entry"]
                if type(entry) is dict and type(entry.get("fullUrl")) is str and type(entry.get("resource")) is dict
            }
        before = len(self.faults)
        self.element(value, kind, place)
        if type(contained) is list:
            for index, element, code, sentence in complaints_of_contained(value):
                self.fault((place, "contained", index), sentence, code=code, name=element)
        if kind.name == "Observation" and type(value.get("meta")) is dict and "profile" in value["meta"]:
            self._profiles(value, place, len(self.faults) > before)
        self._scope = outer

    def _profiles(self, observation: Json, place: Place, faulty: bool) -> None:
        try:
            found = [*profiles.complaints(observation), *cgm.complaints(observation)]
        except (TypeError, AttributeError, KeyError, ValueError):
            if faulty:  # said already: a profile is read along the types of R4
                return
            raise
        for element, code, sentence, severity in found:
            self.fault(place, sentence, code=code, severity=severity, name=element)

    def element(self, value: Any, kind: Kind, place: Place) -> None:
        """An element with fields: a data type, a part of a resource, or a resource."""
        if type(value) is not dict:
            self.fault(place, f"is {shown(value)}; send an object")
            return
        self.keys += len(value)
        before = len(self.faults)
        self._depth += 1
        if self._depth > DEEPEST:
            self.fault(place, f"is nested more than {DEEPEST} deep; send it flatter", code="too-long")
            raise Enough
        if len(value) == 0 or (len(value) == 1 and "id" in value and not kind.is_resource):
            self.fault(place, "has nothing in it (ele-1); leave it out", code="invariant")
        chosen: dict[str, str] = {}
        fields = kind.fields
        for name, item in value.items():
            field = fields.get(name)
            if field is None:
                self._unknown(name, kind, place)
                continue
            if field.choice is not None and chosen.setdefault(field.choice, field.stem) != field.stem:
                sentence = f"stands beside {chosen[field.choice]}; send {field.choice}[x] in one type only"
                self.fault(place, sentence, name=name)
            if not field.many:
                if item is None:
                    self.fault(place, "is null; leave it out", name=name)
                elif field.plain is None or not field.plain(item):
                    self._one(field, item, place, -1)
            elif type(item) is not list:
                self.fault(place, f"is {shown(item)}; send an array, even of one", name=name)
            elif not item:
                self.fault(place, "is an empty array; leave it out", name=name)
            else:
                for index, one in enumerate(item):
                    if one is None:
                        self._null(field, value, place, index)
                    else:
                        self._one(field, one, place, index)
                if field.form is _SHADOW and type(value.get(field.stem)) is list:
                    self._aligned(field, value, place)
        for needed, names in kind.required:
            for name in names:
                if name in value:
                    break
            else:
                self.fault(place, "is missing; send it", code="required", name=needed)
        for rule in kind.rules:
            try:
                kept = rule.holds(value)
            except (TypeError, AttributeError, KeyError, ValueError, IndexError, ArithmeticError):
                if len(self.faults) == before:
                    raise
                kept = True  # said already: the predicate met what the tables forbid
            if not kept:
                self._broken(rule, value, place)
        self._depth -= 1

    def _one(self, field: Field, item: Any, place: Place, index: int) -> None:
        """One value of a field."""
        form = field.form
        if form is _PRIMITIVE:
            primitive = field.primitive
            if not primitive.accepts(item):
                sentence = f"is {shown(item)}, not of type {primitive.name}; {primitive.remedy}"
                self.fault((place, field.name, index), sentence, code="value")
            elif field.binding is not None and not field.binding.holds(item):
                self._unbound(field.binding, shown(item), (place, field.name, index))
        elif form is _ELEMENT:
            here = (place, field.name, index)
            self.element(item, field.kind, here)
            if field.binding is not None and type(item) is dict:
                self._bound_concept(field.binding, item, here)
        elif form is _REFERENCE:
            here = (place, field.name, index)
            self.element(item, field.kind, here)
            if type(item) is dict:
                self._reference(item, field.targets, here)
        elif form is _SHADOW:
            self.element(item, field.kind, (place, field.name, index))
        elif form is Form.RESOURCE:
            self.resource(item, (place, field.name, index), contained=field.name == "contained")
        elif form is Form.NARRATIVE:
            if not field.primitive.accepts(item):
                self.fault((place, field.name, index), f"is {shown(item)}; {field.primitive.remedy}", code="value")
                return
            for sentence in narrative.complaints(item):
                self.fault((place, field.name, index), sentence, code="invariant")

    def _unknown(self, name: str, kind: Kind, place: Place) -> None:
        what = kind.name if len(kind.fields) > 40 else f"{kind.name}, which has {one_of(own_names(kind))}"
        self.fault(place, f"is no element of {what}; leave it out", name=path_name(name))

    def _null(self, field: Field, value: Json, place: Place, index: int) -> None:
        """Null keeps the places of an array of primitives and of its shadow in step, and stands nowhere else."""
        twin = value.get(field.stem if field.form is _SHADOW else f"_{field.stem}")
        paired = field.form in (_PRIMITIVE, _SHADOW) and type(twin) is list and index < len(twin)
        if paired and twin and twin[index] is not None:
            return
        self.fault((place, field.name, index), "is null; leave it out, or send its extension beside it")

    def _aligned(self, field: Field, value: Json, place: Place) -> None:
        if len(value[field.name]) != len(value[field.stem]):
            sentence = f"is of another length than {field.stem}; fill the shorter one up with null"
            self.fault(place, sentence, name=field.name)

    def _unbound(self, binding: ValueSet, found: str, place: Place) -> None:
        codes = one_of(binding.codes) if binding.codes else "one of its codes"
        self.fault(place, f"is {found}; send {codes} ({binding.canonical})", code="code-invalid")

    def _bound_concept(self, binding: ValueSet, concept: Json, place: Place) -> None:
        if "coding" in concept and not binding.coded(concept["coding"]):
            pairs = one_of(f"{system}|{code}" for system, codes in binding.systems.items() for code in codes)
            self.fault(
                place, f"has no coding of its value set; send {pairs} ({binding.canonical})", code="code-invalid"
            )
        elif "coding" not in concept and "extension" not in concept:
            self.fault(place, f"has no coding; send one of {binding.canonical}", code="code-invalid")

    def _reference(self, value: Json, targets: frozenset[str] | None, place: Place) -> None:
        """ref-1, the form of a literal reference, and that it points to a type that may stand here."""
        reference, said = value.get("reference"), value.get("type")
        found = None
        if type(reference) is str and reference:
            try:
                found = target_type(reference, self._scope)
            except ValueError as error:
                self.fault(place, f"is {shown(reference)}, which {error}", code="value", name="reference")
                return
            if odd_urn(reference):
                sentence = f"is {shown(reference)}; a urn:uuid should be a UUID in lower case"
                self.fault(place, sentence, code="value", severity="warning", name="reference")
        if type(said) is str and found is not None and named_type(said) != found:
            self.fault(
                place, f"is {shown(said)}, but the reference names {found}; send the same", code="value", name="type"
            )
        name = found or (named_type(said) if type(said) is str else None)
        if targets is not None and name is not None and name not in targets:
            at = "reference" if found else "type"
            quoted = shown(reference if found else said)
            self.fault(place, f"is {quoted}, a {name}; send a reference to {one_of(targets)}", code="value", name=at)

    def _broken(self, rule: Rule, value: Json, place: Place) -> None:
        quoted = ", ".join(f"{name} {shown(value[name])}" for name in rule.about if name in value)
        hint = rule.hint(value) if rule.hint else ""
        sentence = f"{f'({quoted}) ' if quoted else ''}{rule.sentence}{hint} ({rule.key})"
        self.fault(place, sentence, code=rule.code, severity=rule.severity)


def words(place: Place) -> str:
    """A place as FHIRPath: Observation.component[1].valueQuantity."""
    parts: list[str] = []
    while place is not None:
        place, name, index = place
        parts.append(name if index < 0 else f"{name}[{index}]")
    return ".".join(reversed(parts))


def own_names(kind: Kind) -> list[str]:
    """The names of a kind's own fields."""
    inherited = ("id", "extension", "modifierExtension")
    return [name for name in kind.fields if name[0] != "_" and name not in inherited]
