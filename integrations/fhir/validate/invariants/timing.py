"""Invariants of Timing. https://hl7.org/fhir/R4/datatypes.html#timing"""

from integrations.fhir.validate.rule import Rule, there

_MEALS = frozenset({"C", "CM", "CD", "CV"})

TIMING: dict[str, tuple[Rule, ...]] = {
    "Timing.repeat": (
        Rule(
            "tim-1",
            lambda e: not there(e, "duration") or there(e, "durationUnit"),
            "has a duration without durationUnit; send both",
            ("duration",),
        ),
        Rule(
            "tim-2",
            lambda e: not there(e, "period") or there(e, "periodUnit"),
            "has a period without periodUnit; send both",
            ("period",),
        ),
        Rule("tim-4", lambda e: e.get("duration", 0) >= 0, "has a negative duration; send 0 or more", ("duration",)),
        Rule("tim-5", lambda e: e.get("period", 0) >= 0, "has a negative period; send 0 or more", ("period",)),
        Rule(
            "tim-6",
            lambda e: not there(e, "periodMax") or there(e, "period"),
            "has periodMax without period; send both",
            ("periodMax",),
        ),
        Rule(
            "tim-7",
            lambda e: not there(e, "durationMax") or there(e, "duration"),
            "has durationMax without duration; send both",
            ("durationMax",),
        ),
        Rule(
            "tim-8",
            lambda e: not there(e, "countMax") or there(e, "count"),
            "has countMax without count; send both",
            ("countMax",),
        ),
        Rule(
            "tim-9",
            lambda e: not there(e, "offset") or (there(e, "when") and not _MEALS.intersection(e.get("when", ()))),
            "has an offset, which needs a when that is not C, CM, CD or CV; send such a when",
            ("offset", "when"),
        ),
        Rule(
            "tim-10",
            lambda e: not there(e, "timeOfDay") or not there(e, "when"),
            "has both timeOfDay and when; leave one out",
        ),
    ),
}
