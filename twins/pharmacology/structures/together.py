"""Several drugs in one patient, each with a system of its own, observed together."""

from dataclasses import replace
from functools import cache

from twins.solvers.system import Flow, Flows, Input, Output, System
from twins.solvers.wiring import flows_of


@cache
def together(first: System, **others: System) -> System:
    """Linear systems side by side; nothing passes between them.

    The first keeps its names. Those of the others are put after their own name, which is also the way of their
    intravenous doses: ``together(propofol, remifentanil=remifentanil)`` has ``remifentanil_clearance_l_per_h``, the
    output ``remifentanil_concentration``, and takes ``Dose(into="remifentanil")``; a dose by mouth goes into
    ``remifentanil_oral``.

    Raises
    ------
    ValueError
        If no other system is given.
    """
    if not others:
        raise ValueError("others are missing; give the further systems by name")
    parts = [first, *(_renamed(system, name) for name, system in others.items())]
    return System(
        name="; ".join((first.name, *(f"{name}: {system.name}" for name, system in others.items()))),
        parameters=tuple(name for part in parts for name in part.parameters),
        states=tuple(name for part in parts for name in part.states),
        inputs={way: entries for part in parts for way, entries in part.inputs.items()},
        outputs=tuple(output for part in parts for output in part.outputs),
        equations=Flows(tuple(flow for part in parts for flow in flows_of(part))),
        zero_allowed=frozenset().union(*(part.zero_allowed for part in parts)),
    )


def _renamed(system: System, drug: str) -> System:
    def name(word: str) -> str:
        return f"{drug}_{word}" if word else ""

    def way(entry: Input) -> Input:
        return replace(
            entry,
            state=name(entry.state),
            lag=name(entry.lag),
            fraction=name(entry.fraction),
            duration=name(entry.duration),
            rate=name(entry.rate),
        )

    def output(entry: Output) -> Output:
        return replace(
            entry,
            name=name(entry.name),
            state=name(entry.state),
            volume=name(entry.volume),
            of=tuple(name(part) for part in entry.of),
        )

    def flow(entry: Flow) -> Flow:
        return replace(
            entry,
            source=name(entry.source),
            target=name(entry.target),
            rate=name(entry.rate),
            volume=name(entry.volume),
        )

    return replace(
        system,
        parameters=tuple(name(parameter) for parameter in system.parameters),
        states=tuple(name(state) for state in system.states),
        inputs={
            drug if key == "intravenous" else name(key): tuple(way(entry) for entry in entries)
            for key, entries in system.inputs.items()
        },
        outputs=tuple(output(entry) for entry in system.outputs),
        equations=Flows(tuple(flow(entry) for entry in flows_of(system))),
        zero_allowed=frozenset(name(parameter) for parameter in system.zero_allowed),
    )
