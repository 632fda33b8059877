"""Differential equations of every structure that the formulary uses, written for SciPy without the solvers' own parts.

Each takes the model's parameters by name and gives the slope of the amounts; the first amount is the central one.
"""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from scipy.integrate import solve_ivp

from tests.twins.pharmacology.drugs.expected import CL, KA, KE0, KM, Q2, Q3, V1, V2, V3, VMAX

Numbers = dict[str, float]
Slope = Callable[[float, np.ndarray], list[float]]


def mammillary(p: Numbers) -> Slope:
    """Central, two peripherals, depot, effect site (concentration) and metabolite; what a model lacks stays 0."""
    q2, v2, q3, v3 = p.get(Q2, 0.0), p.get(V2, 1.0), p.get(Q3, 0.0), p.get(V3, 1.0)
    ka, ke0 = p.get(KA, 0.0), p.get(KE0, 0.0)
    formed = p.get("paraxanthine_formation_clearance_l_per_h", 0.0)
    metabolite = p.get("paraxanthine_clearance_l_per_h", 0.0) / p.get("paraxanthine_volume_l", 1.0)

    def slope(_t: float, a: np.ndarray) -> list[float]:
        c, c2, c3 = a[0] / p[V1], a[1] / v2, a[2] / v3
        return [
            ka * a[3] - (p[CL] + formed) * c - q2 * (c - c2) - q3 * (c - c3),
            q2 * (c - c2),
            q3 * (c - c3),
            -ka * a[3],
            ke0 * (c - a[4]),
            formed * c - metabolite * a[5],
        ]

    return slope


def saturable(p: Numbers) -> Slope:
    q2, v2, ka = p.get(Q2, 0.0), p.get(V2, 1.0), p.get(KA, 0.0)
    greatest, half, first = (
        p.get("greatest_inhibition", 0.0),
        p.get("half_inhibition_h", 2.0),
        p.get("first_dose_h", 0.0),
    )

    def slope(t: float, a: np.ndarray) -> list[float]:
        since = max(t - first - 1.0, 0.0)
        vmax = p[VMAX] * (1.0 - greatest * since / (since + half - 1.0))
        c, c2 = a[0] / p[V1], a[1] / v2
        out = (p.get(CL, 0.0) + vmax / (p[KM] + c)) * c
        return [ka * a[3] - out - q2 * (c - c2), q2 * (c - c2), 0.0, -ka * a[3], 0.0, 0.0]

    return slope


def rising(p: Numbers) -> Slope:
    def slope(t: float, a: np.ndarray) -> list[float]:
        k = p["elimination_per_h"] + p["elimination_rise_per_h"] * -math.expm1(-p["rise_rate_per_h"] * t)
        return [-k * a[0], 0.0, 0.0, 0.0, 0.0, 0.0]

    return slope


def ibrutinib(p: Numbers) -> Slope:
    name = "dihydrodiol"

    def slope(_t: float, a: np.ndarray) -> list[float]:
        c, c2, m, m2 = a[0] / p[V1], a[1] / p[V2], a[4] / p[V1], a[5] / p[V2]
        formed = p[f"{name}_formation_clearance_l_per_h"] * c
        exchanged = p[f"{name}_intercompartmental_clearance_l_per_h"] * (m - m2)
        pass_ = p[f"{name}_first_pass_per_h"]
        return [
            p[KA] * a[3] - p[CL] * c - formed - p[Q2] * (c - c2),
            p[Q2] * (c - c2),
            0.0,
            -(p[KA] + pass_) * a[3],
            pass_ * a[3] + formed - p[f"{name}_clearance_l_per_h"] * m - exchanged,
            exchanged,
        ]

    return slope


def sunitinib(p: Numbers) -> Slope:
    flow, name = p["liver_blood_flow_l_per_h"], "su12662"

    def slope(_t: float, a: np.ndarray) -> list[float]:
        liver = (p[KA] * a[3] + flow * a[0] / p[V1]) / (flow + p[CL])
        m, m2 = a[4] / p[f"{name}_volume_l"], a[5] / p[f"{name}_peripheral_volume_l"]
        exchanged = p[f"{name}_intercompartmental_clearance_l_per_h"] * (m - m2)
        return [
            flow * liver - flow * a[0] / p[V1],
            0.0,
            0.0,
            -p[KA] * a[3],
            p[f"{name}_share"] * p[CL] * liver - p[f"{name}_clearance_l_per_h"] * m - exchanged,
            exchanged,
        ]

    return slope


def warfarin(p: Numbers) -> Slope:
    """Amounts 0, 1 and 3 as in `mammillary`; 6 to 11 the fast chain, 12 the slow one."""
    linear = mammillary(p)

    def slope(t: float, a: np.ndarray) -> list[float]:
        c = max(a[0] / p[V1], 0.0)
        power, half = c ** p["steepness"], p["half_effect_mg_per_l"] ** p["steepness"]
        made = 1.0 - p["greatest_effect"] * power / (half + power)
        fast = [(before - a[k]) / p["fast_transit_h"] for k, before in zip(range(6, 12), (made, *a[6:11]), strict=True)]
        return [*linear(t, a[:6]), *fast, (made - a[12]) / p["slow_transit_h"]]

    return slope


def amounts(
    slope: Slope, start: np.ndarray, pieces: list[tuple[float, float, int, float]], times: np.ndarray, scale: float
) -> np.ndarray:
    """Amounts at `times`, shape (states, times), under inputs (from, to, state, mg) that flow in evenly."""
    edges = sorted({0.0, float(times[-1]), *(edge for piece in pieces for edge in piece[:2] if edge < times[-1])})
    state, found = start.astype(float), np.empty((start.size, times.size))
    for left, right in pairwise(edges):
        rate = np.zeros(start.size)
        for begins, ends, into, amount in pieces:
            if begins <= left and right <= ends:
                rate[into] += amount / (ends - begins)
        inside = (times > left) & (times <= right)
        at = np.unique([*times[inside], right])
        solved = solve_ivp(
            lambda t, a, rate=rate: np.array(slope(t, a)) + rate,
            (left, right),
            state,
            method="LSODA",
            t_eval=at,
            rtol=1e-10,
            atol=1e-12 * scale,
        )
        found[:, inside] = solved.y[:, np.isin(at, times[inside])]
        state = solved.y[:, -1]
    return found
