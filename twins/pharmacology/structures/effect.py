"""Effects that follow a concentration: at once, or through an effect compartment. Systems made from linear systems."""

from dataclasses import replace
from functools import cache

from twins.pharmacology.structures.mammillary import compartments
from twins.pharmacology.structures.names import CENTRAL_VOLUME, KE0
from twins.quantities.sentence import Sentence
from twins.solvers.system import Flow, Flows, Output, Response, System
from twins.solvers.wiring import flows_of

_NO_SITE = Sentence("scale is {scale} and site {site}; give 1 or 1000, and effect or central")

_UNITS = {1.0: "mg_per_l", 1000.0: "ng_per_ml"}


@cache
def sigmoid(name: str, unit: str, *, split: bool = False, site: str = "effect", scale: float = 1.0) -> Output:
    """An output that follows a concentration c by sigmoid Emax.

    effect = baseline + (greatest - baseline) c^g / (half^g + c^g), where g is the steepness; Holford and Sheiner, Clin
    Pharmacokinet 1981;6:429-453, doi 10.2165/00003088-198106060-00002. With `split`, g is another above the half-effect
    concentration. The parameters bear the output's name: ``{name}_baseline``, ``{name}_greatest``,
    ``{name}_half_effect_mg_per_l`` (``_ng_per_ml`` where `scale` is 1000), ``{name}_steepness`` and
    ``{name}_steepness_above``.

    Parameters
    ----------
    site
        ``effect`` for the effect compartment, ``central`` for the concentration itself.

    Raises
    ------
    ValueError
        If `scale` is neither 1 nor 1000, or the site is another.
    """
    if scale not in _UNITS or site not in ("effect", "central"):
        raise ValueError(_NO_SITE(scale=scale, site=repr(site)))
    of = ["baseline", "greatest", f"half_effect_{_UNITS[scale]}", "steepness", *(("steepness_above",) if split else ())]
    return Output(
        name,
        unit=unit,
        state=site,
        volume="" if site == "effect" else CENTRAL_VOLUME,
        scale=scale,
        response=Response.SPLIT_SIGMOID if split else Response.SIGMOID,
        of=tuple(f"{name}_{part}" for part in of),
    )


def _with_outputs(system: System, outputs: tuple[Output, ...]) -> System:
    """The system with more outputs and the parameters that they name; a sigmoid's ends may be 0."""
    names = tuple(dict.fromkeys(part for output in outputs for part in output.of))
    ends = {part for output in outputs if "SIGMOID" in output.response.name for part in output.of[:2]}
    return replace(
        system,
        parameters=(*system.parameters, *(name for name in names if name not in system.parameters)),
        outputs=(*system.outputs, *outputs),
        zero_allowed=system.zero_allowed | ends,
    )


@cache
def direct(system: System, *outputs: Output) -> System:
    """A linear system whose central concentration has effects without delay; outputs by `sigmoid` of site central."""
    found = _with_outputs(system, outputs)
    return replace(found, name=f"{system.name}, with direct effects", equations=Flows(flows_of(system)))


@cache
def effect_site(system: System, *outputs: Output, name: str = "effect_site", ratio: str = "") -> System:
    """A linear system with an effect compartment that follows the concentration of its first output.

    Ce' = ke0 (C - Ce): Sheiner et al., Clin Pharmacol Ther 1979;25:358-371, doi 10.1002/cpt1979253358. The
    compartment holds the concentration itself (mg/L), so that a volume that changes does not move it; the central
    compartment loses nothing by it.

    Parameters
    ----------
    outputs
        What the effect-site concentration does; see `sigmoid`.
    name
        Of the output that is the effect-site concentration, in the unit of the first output.
    ratio
        Parameter that multiplies this output: the ratio at equilibrium where it is not 1 (cerebrospinal fluid).
    """
    followed = system.outputs[0]
    site = replace(followed, name=name, state="effect", volume="", of=(ratio,) if ratio else ())
    found = _with_outputs(replace(system, parameters=(*system.parameters, KE0)), (site, *outputs))
    return replace(
        found,
        name=f"{system.name}, with an effect compartment",
        states=(*system.states, "effect"),
        equations=Flows(
            (
                *flows_of(system),
                Flow(followed.state, "effect", KE0, followed.volume, copies=True),
                Flow("effect", "", KE0),
            )
        ),
    )


@cache
def with_effect_site(count: int, *, outputs: tuple[Output, ...] = (), unit: str = "mg/L", scale: float = 1.0) -> System:
    """One to three compartments, intravenous, with an effect compartment; see `effect_site`."""
    return effect_site(compartments(count, unit=unit, scale=scale), *outputs)
