"""What a token may see and write, said once more and independently of the product: a few lines of SMART's rules.

Scopes are given as data, not parsed. A scope lets an interaction with a resource pass where its context reaches the
resource's patient, it is of the resource's type, it has the interaction's letter, and the resource answers its query.
https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html
"""

from dataclasses import dataclass

PATIENTS = ("ward.p1", "ward.p2", "ward.p3")
REACHED = {"patient": PATIENTS[:1], "user": PATIENTS[:2], "system": PATIENTS}
"""The app is started for p1; the person's care team has p1 and p2; p3 is somebody else's."""


@dataclass(frozen=True)
class Thing:
    """A version of a resource of the chart."""

    kind: str
    id: str
    patient: str
    version: str = "1"
    category: str = ""
    status: str = ""
    is_current: bool = True

    @property
    def name(self) -> str:
        return f"{self.kind}/{self.id}/{self.version}"


@dataclass(frozen=True)
class Scope:
    kind: str
    letters: str
    query: tuple[tuple[str, str], ...] = ()
    written: str = ""
    """As it is written where that is not of SMART 2: ``read``, ``write`` or ``*``."""

    def text(self, context: str) -> str:
        query = "&".join(f"{name}={value}" for name, value in self.query)
        return f"{context}/{self.kind}.{self.written or self.letters}" + (f"?{query}" if query else "")


@dataclass(frozen=True)
class Token:
    context: str
    scopes: tuple[Scope, ...]

    @property
    def text(self) -> str:
        return " ".join(scope.text(self.context) for scope in self.scopes)

    def covers(self, kind: str, letter: str) -> bool:
        """Whether the interaction with the type is allowed at all; people only read through apps."""
        if self.context != "system" and letter in "cud":
            return False
        return any(one.kind in ("*", kind) and letter in one.letters for one in self.scopes)

    def lets(self, thing: Thing, letter: str) -> bool:
        return (
            self.covers(thing.kind, letter)
            and thing.patient in REACHED[self.context]
            and any(
                one.kind in ("*", thing.kind)
                and letter in one.letters
                and all(getattr(thing, name) == value for name, value in one.query)
                for one in self.scopes
            )
        )

    def lets_along(self, thing: Thing) -> bool:
        """By include or chain: as far as reading goes, or searching where nothing may be read."""
        return self.lets(thing, "r" if self.covers(thing.kind, "r") else "s")


_LAB, _AMENDED = (("category", "laboratory"),), (("status", "amended"),)
FORMS: tuple[tuple[Scope, ...], ...] = (
    (Scope("*", "cruds"),),
    (Scope("*", "rs"),),
    (Scope("*", "rs", written="read"),),
    (Scope("*", "cud", written="write"),),
    (Scope("*", "cruds", written="*"),),
    (Scope("Observation", "r"),),
    (Scope("Observation", "s"),),
    (Scope("Observation", "rs"), Scope("Patient", "r")),
    (Scope("Observation", "cud"),),
    (Scope("Observation", "c"), Scope("Patient", "rs")),
    (Scope("Patient", "rs"),),
    (Scope("Observation", "cruds", _LAB), Scope("Patient", "rs")),
    (Scope("Observation", "rs", _AMENDED), Scope("Patient", "rs")),
    (Scope("Observation", "rs", _LAB), Scope("Observation", "rs", _AMENDED)),
    (Scope("Observation", "rs", (*_LAB, *_AMENDED)),),
    (Scope("Observation", "r"), Scope("Observation", "s", _LAB)),
    (Scope("Observation", "r", _LAB), Scope("Observation", "s")),
    (Scope("Observation", "rs"), Scope("Observation", "cud", _LAB)),
    (Scope("Observation", "rs", _LAB), Scope("Observation", "cud")),
    (Scope("Condition", "cruds"),),
)
TOKENS = tuple(Token(context, scopes) for context in REACHED for scopes in FORMS)
