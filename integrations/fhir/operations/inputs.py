"""What an operation was given: parameters of the address, of a form, or of a Parameters resource."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec

from integrations.fhir.outcome import Refusal

_exact = msgspec.json.Decoder(float_hook=Decimal)


@dataclass(frozen=True, slots=True)
class Given:
    """One parameter: its name, its value (text, number, an element or a resource), and its parts."""

    name: str
    value: Any
    parts: tuple["Given", ...] = ()


@dataclass(frozen=True, slots=True)
class Inputs:
    """The parameters in the order in which they came; a name may come often."""

    given: tuple[Given, ...] = ()

    @classmethod
    def of_pairs(cls, pairs: Iterable[tuple[str, str]]) -> "Inputs":
        return cls(tuple(Given(name, text) for name, text in pairs))

    @classmethod
    def of_body(cls, body: bytes) -> "Inputs":
        """A Parameters resource; another resource is the parameter called ``resource``.

        Raises
        ------
        Refusal
            400 for what is neither.
        """
        if not body.strip():
            return cls()
        try:
            data = _exact.decode(body)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise Refusal(400, "structure", f"the body is not JSON ({error}); send a Parameters resource") from error
        if not isinstance(data, dict) or not isinstance(data.get("resourceType"), str):
            raise Refusal(400, "structure", "the body is no resource; send a Parameters resource")
        if data["resourceType"] != "Parameters":
            return cls((Given("resource", data),))
        return cls(tuple(_given(part, f"Parameters.parameter[{n}]") for n, part in enumerate(_list(data, "parameter"))))

    def many(self, name: str) -> list[Given]:
        return [one for one in self.given if one.name == name]

    def one(self, name: str) -> Any:
        """The value of a parameter that may come once; None where it did not.

        Raises
        ------
        Refusal
            400 where it came twice.
        """
        found = self.many(name)
        if len(found) > 1:
            raise Refusal(400, "value", f"{name} came {len(found)} times; give it once", expression=f"http.{name}")
        return found[0].value if found else None

    def text(self, name: str) -> str | None:
        """As `one`, as text."""
        value = self.one(name)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | Decimal):
            return str(value)
        raise Refusal(400, "value", f"{name} is no plain value; give text", expression=f"http.{name}")

    def only(self, names: Sequence[str]) -> None:
        """Raise 400 for a parameter that is none of `names`."""
        for one in self.given:
            if one.name not in names and one.name not in ("_format", "_pretty"):
                known = ", ".join(names) or "no parameters"
                raise Refusal(
                    400, "not-supported", f"{one.name[:60]!r} is no parameter of this operation; it takes {known}",
                    expression=f"http.{one.name[:60]}",
                )  # fmt: skip


def _list(data: dict[str, Any], name: str) -> list[Any]:
    items = data.get(name) or []
    if not isinstance(items, list):
        raise Refusal(
            400, "structure", f"{name} is no list; send a Parameters resource", expression=f"Parameters.{name}"
        )
    return items


def _given(part: Any, where: str) -> Given:
    if not isinstance(part, dict) or not isinstance(part.get("name"), str):
        raise Refusal(400, "structure", f"{where} has no name; give one", expression=where)
    values = [part[key] for key in part if key.startswith("value") or key == "resource"]
    if len(values) > 1:
        raise Refusal(400, "structure", f"{where} has {len(values)} values; give one", expression=where)
    parts = tuple(_given(one, f"{where}.part[{n}]") for n, one in enumerate(_list(part, "part")))
    return Given(part["name"], values[0] if values else None, parts)
