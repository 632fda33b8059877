"""Concentrations measured in whole blood where red cells bind the drug and can be full."""

from dataclasses import replace
from functools import cache

from twins.solvers.system import Flows, Output, Response, System
from twins.solvers.wiring import flows_of

RED_CELL_CAPACITY = "red_cell_capacity_ug_per_l"
RED_CELL_AFFINITY = "red_cell_affinity_ug_per_l"
HAEMATOCRIT = "haematocrit"


@cache
def with_red_cells(system: System) -> System:
    """A linear system of plasma, measured in whole blood.

    Cb = Cp (1 + Bmax Hct / (Cp + Kd)), with Bmax in µg per L of red cells, Hct as a fraction and Kd in µg/L: Størset et
    al., Br J Clin Pharmacol 2014;78:509-523, doi 10.1111/bcp.12361, equation 3. Both outputs are in µg/L: the first is
    the concentration in whole blood, ``plasma`` that in plasma.
    """
    plasma = replace(system.outputs[0], name="plasma", unit="ug/L", scale=1000.0)
    blood: Output = replace(
        plasma,
        name="concentration",
        response=Response.SATURABLE_BINDING,
        of=(RED_CELL_CAPACITY, HAEMATOCRIT, RED_CELL_AFFINITY),
    )
    return replace(
        system,
        name=f"{system.name}, measured in whole blood with saturable red cells",
        parameters=(*system.parameters, RED_CELL_CAPACITY, RED_CELL_AFFINITY, HAEMATOCRIT),
        outputs=(blood, plasma, *system.outputs[1:]),
        equations=Flows(flows_of(system)),
    )
