"""One to three compartments around the central one, which linear elimination empties: the closed forms."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from twins.pharmacology.structures.names import ABSORPTION, BIOAVAILABILITY, CONCENTRATION, DISPOSITION, LAG, WORDS
from twins.quantities.sentence import Sentence
from twins.solvers.system import Compartments, Input, System

_COUNT = Sentence("count is {count}; give 1, 2 or 3 compartments")
_ORAL_ALONE = Sentence("lag and bioavailability are of the oral way; set oral, or intravenous_lag")

_VEIN = Input("central")
PERIPHERAL = ("peripheral", "second_peripheral")


def ways(
    states: Sequence[str],
    *,
    absorbed: tuple[Input, ...] = (),
    routes: tuple[str, ...] = ("oral",),
    intravenous: Input = _VEIN,
) -> dict[str, tuple[Input, ...]]:
    """Every way in: each compartment by its name, the vein, and the `routes` by which a dose is absorbed.

    A dose that is put into a depot by name is absorbed as one that takes a route.
    """
    found: dict[str, tuple[Input, ...]] = {name: (Input(name),) for name in states}
    found["intravenous"] = found["central"] = (intravenous,)
    if absorbed:
        found |= dict.fromkeys(routes, absorbed)
        found |= {entry.state: (entry,) for entry in absorbed if len(absorbed) == 1 and entry.state != "central"}
    return found


def disposed(count: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Parameters and states of so many compartments.

    Raises
    ------
    ValueError
        If `count` is none of 1, 2 and 3.
    """
    if count not in WORDS:
        raise ValueError(_COUNT(count=repr(count)))
    return DISPOSITION[: 2 * count], ("central", *PERIPHERAL[: count - 1])


@cache
def compartments(
    count: int,
    *,
    oral: bool = False,
    lag: bool = False,
    bioavailability: bool = False,
    intravenous_lag: bool = False,
    routes: tuple[str, ...] = ("oral",),
    unit: str = "mg/L",
    scale: float = 1.0,
) -> System:
    """One to three compartments with linear elimination, intravenous, and by mouth through a depot where `oral`.

    With a the amount in the depot, x1 in the central and xi in a further compartment (mg):
    a' = -ka a;  x1' = ka a - CL x1 / V1 - sum of Qi (x1 / V1 - xi / Vi);  xi' = Qi (x1 / V1 - xi / Vi).
    Gibaldi and Perrier, Pharmacokinetics, 2nd edition, 1982, chapters 1 and 2.

    Parameters in order: those of `DISPOSITION` that `count` needs, then absorption rate, lag and bioavailability (of
    the oral way; the lag of the intravenous way with `intravenous_lag`) where asked for. `routes` lead into the depot.
    """
    parameters, states = disposed(count)
    if not oral and (lag or bioavailability):
        raise ValueError(_ORAL_ALONE())
    lagged = lag or intravenous_lag
    depot = Input("depot", lag=LAG if lag else "", fraction=BIOAVAILABILITY if bioavailability else "")
    states = (*states, "depot") if oral else states
    absorbed = ", first-order absorption" if oral else ", intravenous"
    return System(
        name=f"{WORDS[count]}, linear elimination{absorbed}{' with lag' if lagged else ''}",
        parameters=(
            *parameters,
            *((ABSORPTION,) if oral else ()),
            *((LAG,) if lagged else ()),
            *((BIOAVAILABILITY,) if bioavailability else ()),
        ),
        states=states,
        inputs=ways(
            states,
            absorbed=(depot,) if oral else (),
            routes=routes,
            intravenous=Input("central", lag=LAG if intravenous_lag else ""),
        ),
        outputs=(replace(CONCENTRATION, unit=unit, scale=scale),),
        equations=Compartments(count, depot=oral),
        zero_allowed=frozenset({LAG}),
    )
