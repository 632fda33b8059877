"""A structure from differential equations of one's own."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from twins.api.named import ModelError, refuse_others
from twins.solvers.system import Equations, Input, Output, System


def equations(
    right_hand_side: Callable[..., Any],
    *,
    parameters: Sequence[str],
    states: Sequence[str],
    outputs: Mapping[str, str | tuple[str, str]] | Sequence[Output] = (),
    doses: Mapping[str, str | Input] | None = None,
    start: Callable[..., Any] | None = None,
    read: Callable[..., Any] | None = None,
    stiff: bool = False,
    zero_allowed: Collection[str] = (),
    name: str = "equations of the user's own",
) -> System:
    """A structure from ordinary differential equations, which numba compiles.

    Parameters
    ----------
    right_hand_side
        ``f(t, y, p, dy)`` fills ``dy`` with the derivatives of the states ``y`` in mg/h; ``p`` holds the parameters in
        order, ``t`` is in h. Written with indices and scalar arithmetic; infusions are added by the solver.
    parameters, states
        Names in order, units in the parameters' names.
    outputs
        Name to a state, or to a state and the parameter it is divided by; the first is what exposure is taken of. Where
        left out: ``concentration``, the state ``central`` (or the first) divided by ``central_volume_l`` if there is
        one. `Output` objects give units and effects.
    doses
        Route, or a name for ``Dose.into``, to the state that such a dose enters. Every state can be named. Where left
        out, intravenous doses enter ``central`` (or the first state), doses by mouth ``depot`` if there is one.
    start
        ``f(p, y)`` fills the states as they are before any dose; all 0 where left out.
    read
        ``f(t, y, p, out)`` fills the outputs, where they are not states over volumes.
    stiff
        Begin with the method for stiff equations.

    Raises
    ------
    ModelError
        If a name is not one of the states or parameters.
    """
    if not callable(right_hand_side):
        raise ModelError(f"right_hand_side is {right_hand_side!r}; give a function f(t, y, p, dy)")
    for argument, names in (("parameters", parameters), ("states", states)):
        if isinstance(names, str) or not names or len(set(names)) < len(names):
            raise ModelError(f"{argument} is {names!r}; give a list of names, at least one, each once")
    where = tuple(states)
    central = "central" if "central" in where else where[0]
    found = _outputs(outputs, central, tuple(parameters), where)
    ways: dict[str, tuple[Input, ...]] = {state: (Input(state),) for state in where}
    usual: dict[str, str | Input] = {"intravenous": central}
    if "depot" in where:
        usual["oral"] = "depot"
    for way, entry in (usual | dict(doses or {})).items():
        entered = entry if isinstance(entry, Input) else Input(entry)
        refuse_others(f"doses[{way!r}]", [entered.state], where)
        ways[way] = (entered,)
    return System(
        name=name,
        parameters=tuple(parameters),
        states=where,
        inputs=ways,
        outputs=found,
        equations=Equations(right_hand_side, read, start, stiff),
        zero_allowed=frozenset(zero_allowed),
    )


def _outputs(
    outputs: Mapping[str, str | tuple[str, str]] | Sequence[Output],
    central: str,
    parameters: tuple[str, ...],
    states: tuple[str, ...],
) -> tuple[Output, ...]:
    if not outputs:
        volume = "central_volume_l" if "central_volume_l" in parameters else ""
        return (Output("concentration", state=central, volume=volume),)
    if not isinstance(outputs, Mapping):
        return tuple(outputs)
    found = []
    for name, of in outputs.items():
        state, volume = (of, "") if isinstance(of, str) else of
        refuse_others(f"outputs[{name!r}]", [state], states)
        if volume:
            refuse_others(f"outputs[{name!r}]", [volume], parameters)
        found.append(Output(name, unit="mg/L" if volume else "mg", state=state, volume=volume))
    return tuple(found)
