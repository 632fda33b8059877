"""The structures that a hospital's model file can name, and what can be laid around them."""

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any

from twins.pharmacology import hospital_remedies as remedies
from twins.pharmacology.hospital_findings import Findings, Table
from twins.pharmacology.structure import compartments
from twins.pharmacology.structures import (
    absorption,
    binding,
    coagulation,
    effect,
    metabolite,
    rising,
    saturable,
    target_mediated,
)
from twins.solvers.system import System

STRUCTURES: dict[str, Callable[..., System]] = {
    "compartments": compartments,
    "zero_order": absorption.zero_order,
    "sequential": absorption.sequential,
    "first_and_zero_order": absorption.first_and_zero_order,
    "two_depots": absorption.two_depots,
    "transit": absorption.transit,
    "michaelis_menten": saturable.michaelis_menten,
    "rising_elimination": rising.rising_elimination,
    "warfarin_inr": coagulation.warfarin_inr,
    "target_mediated": target_mediated.target_mediated,
    "quasi_steady_state": target_mediated.quasi_steady_state,
}


def structure(found: Findings, table: Table) -> System | None:
    """The system that [structure] names, with what is laid around it."""
    name = found.text(table, "name", prefix="structure.")
    build = STRUCTURES.get(name)
    if build is None:
        if name:
            found.wrong("structure.name", name, remedies.THE_STRUCTURES(known=", ".join(STRUCTURES)))
        return None
    around = ("effect_site", "metabolite", "red_cells")
    options = {key: value for key, value in table.items() if key not in ("name", *around)}
    system: System | None = _made(found, "structure", build, {key: _hashable(value) for key, value in options.items()})
    if system is not None and "metabolite" in table:
        made = found.table(table, "metabolite")
        system = _made(found, "structure.metabolite", metabolite.with_metabolite, made, system)
    if system is not None and table.get("red_cells"):
        system = _made(found, "structure.red_cells", binding.with_red_cells, {}, system)
    if system is not None and "effect_site" in table:
        site = dict(found.table(table, "effect_site"))
        outputs = [
            _made(found, "structure.effect_site.outputs", effect.sigmoid, part)
            for part in found.tables(site, "outputs")
        ]
        site.pop("outputs", None)
        if None not in outputs:
            system = _made(found, "structure.effect_site", effect.effect_site, site, system, *outputs)
    return system


def _made(found: Findings, key: str, build: Callable[..., Any], options: Table, *first: Any) -> Any:
    """What a constructor of the library makes of options from a file; None and a mistake where it refuses them."""
    taken = tuple(name for name in signature(build).parameters if name not in ("system", "outputs"))
    found.known(options, f"{key}.", taken)
    needed = [name for name in taken if name not in options and _has_no_default(build, name)]
    for name in needed:
        found.wrong(f"{key}.{name}", None, remedies.NEEDED_BY_THE_STRUCTURE())
    if needed or any(name not in taken for name in options):
        return None
    flags = [name for name in options if isinstance(signature(build).parameters[name].default, bool)]
    odd = [name for name in flags if not isinstance(options[name], bool)]
    for name in odd:
        found.wrong(f"{key}.{name}", options[name], remedies.WRITE_FLAG())
    if odd:
        return None
    # Called as the library's own users call it, so that equal options give the same object and the same kernels.
    plain: list[Any] = []
    named: dict[str, Any] = {}
    leading = True
    for name, parameter in signature(build).parameters.items():
        leading = leading and parameter.kind is parameter.POSITIONAL_OR_KEYWORD and name in (*options, "system")
        if name in options and leading:
            plain.append(options[name])
        elif name in options:
            named[name] = options[name]
    try:
        return build(*first, *plain, **named)
    except (TypeError, ValueError) as error:
        found.wrong(key, dict(options), remedies.THE_LIBRARY_SAYS(why=error))
        return None


def _has_no_default(build: Callable[..., Any], name: str) -> bool:
    return signature(build).parameters[name].default is Parameter.empty


def _hashable(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
