"""A parent drug with a metabolite that is measured too."""

from dataclasses import replace
from functools import cache

from twins.pharmacology.structures.names import CENTRAL_VOLUME, CLEARANCE
from twins.solvers.system import Flow, Flows, Input, Output, System
from twins.solvers.wiring import flows_of


@cache
def with_metabolite(system: System, name: str = "metabolite", *, ratio: float = 1.0) -> System:
    """A linear system whose drug also becomes a metabolite in one compartment of its own.

    m' = CLf x1 / V1 - CLm m / Vm, and the parent loses CLf x1 / V1 besides its `CLEARANCE`, which is what does not
    become this metabolite (0 where all does).

    Parameters
    ----------
    name
        Of the state, of the output and, before their units, of the parameters: ``{name}_formation_clearance_l_per_h``,
        ``{name}_clearance_l_per_h``, ``{name}_volume_l``.
    ratio
        Molar mass of the metabolite over the parent's: mg that come of 1 mg.
    """
    formation, clearance, volume = (
        f"{name}_{part}" for part in ("formation_clearance_l_per_h", "clearance_l_per_h", "volume_l")
    )
    measured = Output(name, unit=system.outputs[0].unit, state=name, volume=volume, scale=system.outputs[0].scale)
    return replace(
        system,
        name=f"{system.name}, with {name}",
        parameters=(*system.parameters, formation, clearance, volume),
        states=(*system.states, name),
        inputs={**system.inputs, name: (Input(name),)},
        outputs=(*system.outputs, measured),
        equations=Flows(
            (
                *flows_of(system),
                Flow("central", "", formation, CENTRAL_VOLUME),
                Flow("central", name, formation, CENTRAL_VOLUME, copies=True, times=ratio),
                Flow(name, "", clearance, volume),
            )
        ),
        zero_allowed=system.zero_allowed | {CLEARANCE},
    )
