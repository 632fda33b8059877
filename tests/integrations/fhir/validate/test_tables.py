"""The tables against the R4B classes of fhir.resources, element by element; only what R4B added may differ."""

import typing

import pytest
from fhir.resources.R4B import get_fhir_model_class

from integrations.fhir.validate.table import Form, Kind, datatypes, resource
from tests.integrations.fhir.validate.test_examples import SERVED

R4B_ONLY = {"CodeableReference", "RatioRange"}
OURS_ONLY = {"resourceType", "SimpleQuantity"}


def _all_kinds(kind: Kind, seen: dict[str, Kind]) -> dict[str, Kind]:
    if kind.name and kind.name not in seen:
        seen[kind.name] = kind
        for field in kind.fields.values():
            if field.form in (Form.ELEMENT, Form.REFERENCE, Form.SHADOW):
                _all_kinds(field.kind, seen)
    return seen


def _kinds() -> dict[str, Kind]:
    seen: dict[str, Kind] = {}
    for name in (*SERVED.split(), "OperationOutcome"):
        kind = resource(name)
        assert kind is not None
        _all_kinds(kind, seen)
    return {name: kind for name, kind in seen.items() if name not in OURS_ONLY}


KINDS = _kinds()


def _theirs(kind: Kind) -> dict[str, typing.Any]:
    """The fields of the class of a kind by their JSON names."""
    name = "".join(part[0].upper() + part[1:] for part in kind.name.split("."))
    fields = get_fhir_model_class(name).model_fields
    return {field.alias or key: field for key, field in fields.items() if key not in ("resource_type", "fhir_comments")}


def _is_list(field: typing.Any) -> bool:
    return "List[" in str(field.annotation) or "list[" in str(field.annotation)


def _different_names(name: str) -> list[str]:
    theirs = {key for key in _theirs(KINDS[name]) if not any(key.endswith(added) for added in R4B_ONLY)}
    return sorted((set(KINDS[name].fields) - OURS_ONLY) ^ (theirs - {"_div"}))


def _different_repeats(name: str) -> list[str]:
    theirs = _theirs(KINDS[name])
    return [key for key, field in KINDS[name].fields.items() if key in theirs and field.many != _is_list(theirs[key])]


@pytest.mark.parametrize("name", sorted(KINDS.keys() - {"Extension"}))
def test_the_elements_are_those_of_r4b_but_for_what_r4b_added(name: str) -> None:
    assert _different_names(name) == []


def test_extensions_differ_in_what_the_class_leaves_out() -> None:
    """R4 allows the value of an extension to be of type Meta, and to be extended itself."""
    assert all(key == "valueMeta" or key.startswith("_value") for key in _different_names("Extension"))


@pytest.mark.parametrize("name", sorted(KINDS))
def test_the_elements_that_repeat_are_those_of_r4b(name: str) -> None:
    assert _different_repeats(name) == []


def test_every_data_type_is_compared() -> None:
    assert set(datatypes()) - {"SimpleQuantity"} <= set(KINDS)
    assert len(KINDS) > 120
