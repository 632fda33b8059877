"""Short ways to declare search parameters of stored types."""

from dataclasses import replace
from typing import Any

from integrations.fhir.elements import Pick, at
from integrations.fhir.parameters import Kind, Parameter
from integrations.fhir.resources.definitions import definition

OURS = "ours"
"""Definition of a parameter that is this server's own."""


def _declare(kind: Kind, name: str, documentation: str, where: str | Pick, **more: Any) -> Parameter:
    values = at(*where.split()) if isinstance(where, str) else where
    return Parameter(name, kind, documentation, values, **more)


def token(name: str, documentation: str, where: str | Pick = "", **more: Any) -> Parameter:
    """`where` is one or more paths with spaces between them, or what picks the elements; by default the name."""
    return _declare(Kind.TOKEN, name, documentation, where or name, **more)


def string(name: str, documentation: str, where: str | Pick = "", **more: Any) -> Parameter:
    return _declare(Kind.STRING, name, documentation, where or name, **more)


def date(name: str, documentation: str, where: str | Pick, **more: Any) -> Parameter:
    return _declare(Kind.DATE, name, documentation, where, **more)


def quantity(name: str, documentation: str, where: str | Pick, **more: Any) -> Parameter:
    return _declare(Kind.QUANTITY, name, documentation, where, **more)


def number(name: str, documentation: str, where: str | Pick, **more: Any) -> Parameter:
    return _declare(Kind.NUMBER, name, documentation, where, **more)


def uri(name: str, documentation: str, where: str | Pick = "", **more: Any) -> Parameter:
    return _declare(Kind.URI, name, documentation, where or name, **more)


def reference(name: str, documentation: str, targets: str, where: str | Pick = "", **more: Any) -> Parameter:
    """A reference to one of the `targets`, named with spaces between them; it is indexed unless it says otherwise."""
    more = {"indexed": True, **more}
    return _declare(Kind.REFERENCE, name, documentation, where or name, targets=tuple(targets.split()), **more)


def patient(where: str | Pick = "subject", documentation: str = "Whom it is about") -> Parameter:
    return reference("patient", documentation, "Patient", where, whose=True)


def subject(targets: str = "Patient", documentation: str = "Whom it is about") -> Parameter:
    return reference("subject", documentation, targets, whose=True)


def identifier(documentation: str = "An identifier", *, private: bool = False) -> Parameter:
    return token("identifier", documentation, indexed=True, private=private)


def composite(name: str, documentation: str, roots: Pick, *parts: Parameter) -> Parameter:
    return Parameter(name, Kind.COMPOSITE, documentation, roots=roots, parts=parts)


def defined(resource_type: str, parameter: Parameter) -> Parameter:
    """The parameter with the address of FHIR's own definition, unless it is ours."""
    if parameter.definition:
        return replace(parameter, definition="" if parameter.definition == OURS else parameter.definition)
    return replace(parameter, definition=definition(resource_type, parameter.name))
