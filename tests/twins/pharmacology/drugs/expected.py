"""Typical parameters of every model, from the published equations written here a second time, in plain numbers.

Orders: clearance, central volume, then exchange and volume of each further compartment, unless a line says otherwise.
"""

import math
from collections.abc import Callable

from tests.twins.pharmacology.drugs.charts import Patient, allometric

Numbers = dict[str, float]
CL, V1, Q2, V2 = (
    "clearance_l_per_h",
    "central_volume_l",
    "intercompartmental_clearance_l_per_h",
    "peripheral_volume_l",
)
Q3, V3 = "second_intercompartmental_clearance_l_per_h", "second_peripheral_volume_l"
KA, LAG, F, KE0 = "absorption_rate_per_h", "lag_h", "bioavailability", "effect_equilibration_per_h"
VMAX, KM = "maximum_elimination_mg_per_h", "half_saturation_mg_per_l"
NAMES = (CL, V1, Q2, V2, Q3, V3)


def _of(*values: float, **further: float) -> Numbers:
    return dict(zip(NAMES, values, strict=False)) | further


def _goti(p: Patient) -> Numbers:
    floored = max(p.creatinine, 1.0) if p.age > 65 else p.creatinine
    kidney = min(p.cockcroft * p.creatinine / floored, 150.0)
    return _of(4.5 * allometric(kidney, 0.8, 120), 58.4 * p.weight / 70, 6.5, 38.4)


def _colin(p: Patient) -> Numbers:
    def ripe(age: float) -> float:
        return 1 / (1 + (0.8932 / age) ** 2.8864)

    def decline(age: float) -> float:
        return 1 / (1 + (age / 61.559) ** 2.241)

    age, reference = p.weeks / 52, 35 + 40 / 52
    usual = math.exp(-1.22839 + 0.67190 * math.log10(age) + 6.27017 * math.exp(-3.10940 * age))
    clearance = 5.312 * allometric(p.weight, 0.75) * ripe(age) / ripe(reference) * decline(age) / decline(reference)
    clearance *= math.exp(-0.64856 * (p.creatinine - usual))
    return _of(clearance, 42.52 * p.weight / 70, 3.222 * allometric(p.weight, 0.75), 41.68 * p.weight / 70)


def _hughes(p: Patient) -> Numbers:
    return _of(
        5.0627 * allometric(p.cockcroft_on(p.lean), 0.8509, 100), 64.339 * p.lean / 70, 6.2402, 59.019 * p.lean / 70
    )


def _germovsek(p: Patient) -> Numbers:
    days = p.age * 365.25
    clearance = 6.21 * allometric(p.weight, 0.632) / (1 + (55.4 / p.weeks) ** 3.33) / (1 + 1.70 / days)
    clearance *= (p.umol / (166.48 - 2.8488 * p.weeks)) ** -0.130
    size, faster = p.weight / 70, allometric(p.weight, 0.75)
    return _of(clearance, 26.5 * size, 2.15 * faster, 21.2 * size, 0.271 * faster, 148 * size)


def _hennig(p: Patient) -> Numbers:
    clearance, volume, usual = (9.4, 25.1, 84.0) if p.male else (8.1, 20.1, 69.5)
    ageing = 1 - (0.010 if p.age >= 18 else 0.021) * (p.age - 18)
    size = allometric(p.lean, 0.952)
    kidney = (usual / max(p.umol, 60)) ** 0.222
    return _of(clearance * size * ageing * kidney, volume * p.lean / 70, 1.5 * size, p.lean / 7)


def _ojeanson(p: Patient) -> Numbers:
    return _of(13.9 if p.mdrd >= 120 else 1.36 + 0.058 * p.mdrd, 43.9)


def _voriconazole(p: Patient, logit: float, exchange: float, absorption: float, lag: float) -> Numbers:
    size = allometric(p.weight, 0.75)
    return {
        VMAX: 114 * size,
        KM: 1.15,
        CL: 6.16 * size,
        V1: 79 * p.weight / 70,
        Q2: exchange * size,
        V2: 103 * p.weight / 70,
        KA: absorption,
        LAG: lag,
        F: math.exp(0.585) / (1 + math.exp(0.585)),
        "greatest_inhibition": math.exp(logit) / (1 + math.exp(logit)),
        "half_inhibition_h": 2.41,
        "first_dose_h": 0.0,
    }


def _andrews(p: Patient) -> Numbers:
    clearance = 23.0 * (p.age / 55.72) ** -0.43 * (p.albumin / 42) ** 0.43 * (p.surface / 1.93) ** 0.88
    clearance *= (p.umol / 134.98) ** -0.14 * (100 * p.haematocrit / 34) ** -0.76
    return _of(clearance, 692 * (p.james / 58.94) ** 1.52, 11.6, 5340) | {KA: 3.58, LAG: 0.38}


def _storset(p: Patient) -> Numbers:
    size, faster = p.lean / 60, allometric(p.lean, 0.75, 60)
    blood = {"red_cell_capacity_ug_per_l": 418.0, "red_cell_affinity_ug_per_l": 3.8, "haematocrit": p.haematocrit}
    return _of(811 * faster, 6290 * size, 1200 * faster, 32100 * size) | {KA: 1.01, LAG: 0.41, F: 1.0} | blood


def _shukla(p: Patient) -> Numbers:
    clearance = 3.96 * allometric(p.growing_lean, 0.75, 12) * (1 - 0.549 * math.exp(-1.37 * p.age))
    return _of(clearance * (0.865 if p.hours >= 24 else 1.0), 0.9 * p.growing_lean)


def _mccune(p: Patient) -> Numbers:
    size = (0.509 * p.weight + 0.491 * p.lean) / 70
    volume = (0.203 * p.weight + 0.797 * p.lean) / 70 * (1.0 if p.male else 1.07)
    later = 0.919 if p.hours >= 36 else 0.932 if p.hours >= 6 else 1.0
    ripe = 1 / (1 + (45.7 / (52.1775 * p.age + 40)) ** 2.3)
    return _of(11.4 * size**0.75 * ripe * later, 13.9 * volume, 135.2 * size**0.75, 29.9 * volume)


def _long_boyle(p: Patient) -> Numbers:
    ageing = 1 + 0.032 * p.age if p.age <= 12 else 1.384 * (1 - 0.0138 * (p.age - 12))
    return {V1: 15.7 * p.weight / 22, VMAX: 6.704 * 4.32 * allometric(p.weight, 0.75, 22) * ageing, KM: 6.704}


def _taylor(p: Patient) -> Numbers:
    size = p.surface / 1.73
    found = [11 * size * (p.umol / 29) ** -0.247, *(size * value for value in (16.5, 0.602, 4.55, 0.111, 13.1))]
    return _of(*found)


def _yukawa_phenytoin(p: Patient) -> Numbers:
    return {V1: 36.0, VMAX: 325 / 24 * allometric(p.weight, 0.737, 60), KM: 2.41 if p.age >= 15 else 1.81232, KA: 1.5}


def _propofol(p: Patient) -> Numbers:
    def ripe(weeks: float) -> float:
        slope, half = math.exp(2.2033), math.exp(3.74422)
        return 1 / (1 + (half / weeks) ** slope)

    def children(age: float) -> float:
        return 1 / (1 + math.exp(4.22357) / (52 * age + 40))

    height2 = 1.7**2
    reference = (0.88 + 0.12 / (1 + (35 / 13.4) ** -12.7)) * 42.92 * height2 * 70 / (30.93 * height2 + 70)
    m = (p.height / 100) ** 2
    most, half = (42.92, 30.93) if p.male else (37.99, 35.98)
    growing = p.growing_lean / p.lean * most * m * p.weight / (half * m + p.weight)
    second = p.weight / 70 * math.exp(-0.015633 * (p.age - 35))
    third = growing / reference * math.exp(-0.0138166 * p.age)
    half_weight = math.exp(3.51313)
    clearance = math.exp(0.581983 if p.male else 0.742043) * allometric(p.weight, 0.75)
    return _of(
        60 * clearance * ripe(52 * p.age + 40) / ripe(1860) * math.exp(-0.00285709 * p.age),
        math.exp(1.83786) * p.weight / (p.weight + half_weight) * (70 + half_weight) / 70,
        60 * math.exp(0.559672) * second**0.75 * (1 + math.exp(0.265642) * (1 - children(p.age))),
        math.exp(3.23873) * second,
        60 * math.exp(0.103046) * third**0.75 * children(p.age) / children(35),
        math.exp(5.6088) * third,
    ) | {
        KE0: 60 * 0.146 * allometric(p.weight, -0.25),
        "bis_baseline": 93.0,
        "bis_greatest": 0.0,
        "bis_half_effect_mg_per_l": 3.08 * math.exp(-0.00635 * (p.age - 35)),
        "bis_steepness": 1.47,
        "bis_steepness_above": 1.89,
    }


def _remifentanil(p: Patient) -> Numbers:
    height2 = 1.7**2
    m = (p.height / 100) ** 2
    most, half = (42.92, 30.93) if p.male else (37.99, 35.98)
    growing = p.growing_lean / p.lean * most * m * p.weight / (half * m + p.weight)
    size = growing / (42.92 * height2 * 70 / (30.93 * height2 + 70))
    sex = 1.0
    if not p.male:
        sex += 0.470405 / (1 + (12 / p.age) ** 6) * (1 - 1 / (1 + (45 / p.age) ** 6))
    ripe = (1 + (2.87898 / 70) ** 2) / (1 + (2.87898 / p.weight) ** 2)

    def ageing(slope: float) -> float:
        return math.exp(slope * (p.age - 35))

    second = size * ageing(-0.00326985) * sex
    third = size * ageing(-0.0315135) * math.exp(-0.0260496 * (p.weight - 70))
    return _of(
        60 * math.exp(0.946257) * size**0.75 * ageing(-0.00326985) * sex * ripe,
        math.exp(1.75911) * size * ageing(-0.00554481),
        60 * math.exp(0.540315) * second**0.75 * ageing(-0.00554481) * sex,
        math.exp(2.17717) * second,
        60 * math.exp(-2.08388) * third**0.75 * ageing(-0.00554481),
        math.exp(1.61445) * third,
    ) | {
        KE0: 60 * 1.09 * ageing(-0.0289),
        "sef_baseline": 19.9,
        "sef_greatest": 5.66,
        "sef_half_effect_ng_per_ml": 12.7,
        "sef_steepness": 2.87,
    }


def _hamberg(p: Patient) -> Numbers:
    clearance = 0.314 * (1 - 0.0091 * (p.age - 71)) * {0: 1.0, 1: 0.685, 2: 0.278}[p.twos]
    return _of(clearance, 13.8, 0.131, 6.59) | {
        KA: 2.0,
        F: 0.5,
        "half_effect_mg_per_l": {2: 4.61, 1: 3.02, 0: 2.20}[p.gs],
        "greatest_effect": 1.0,
        "steepness": 0.424,
        "fast_transit_h": 11.6,
        "slow_transit_h": 120.0,
        "inr_baseline": 1.0,
        "inr_greatest": 20.0,
        "inr_exponent": 3.61,
    }


def _jelliffe(p: Patient) -> Numbers:
    volume = 1.5714 * p.weight
    return {
        "renal_clearance_l_per_h": volume * 0.000451 * p.per_surface,
        "other_clearance_l_per_h": volume * 0.0288,
        V1: volume,
        Q2: volume * 0.56,
        V2: volume * 0.56 / 0.15,
        KA: 0.6093,
        F: 0.65,
    }


def _fasanmade(p: Patient) -> Numbers:
    clearance = 0.407 / 24 * (p.albumin / 41) ** -1.54 * (1.0 if p.male else 0.764)
    return _of(clearance, 3.29 * allometric(p.weight, 0.538, 77) * (1.0 if p.male else 0.863), 0.2975, 4.13)


def _nguyen(p: Patient) -> Numbers:
    sex, larger = (1.0, 1.0) if p.male else (0.76, 1.1)
    clearance = 2.48 * allometric(p.age, -0.157, 60) * sex * allometric(p.weight, -0.0393, 80)
    volume = 212 * allometric(p.age, 0.0644, 60) * larger * allometric(p.weight, 1.19, 80)
    return _of(clearance, volume, 30.0, 177.0) | {
        KA: 1.24,
        LAG: 0.821,
        "first_order_share": 0.83,
        "absorption_duration_h": 2.48,
    }


def _gallais(_p: Patient) -> Numbers:
    return _of(241.899, 1005.03, 171.094, 1481.01) | {
        KA: 1.55664,
        LAG: 0.238192,
        "absorption_duration_h": 0.988671,
        "dihydrodiol_formation_clearance_l_per_h": 149.622,
        "dihydrodiol_clearance_l_per_h": 180.972,
        "dihydrodiol_intercompartmental_clearance_l_per_h": 50.3012,
        "dihydrodiol_first_pass_per_h": 1.20812,
    }


def _yu(p: Patient) -> Numbers:
    size, faster = p.weight / 70, allometric(p.weight, 0.75)
    return {
        CL: 35.7 * faster,
        V1: 1360 * size,
        KA: 0.34,
        "liver_blood_flow_l_per_h": 80 * faster,
        "su12662_share": 0.21,
        "su12662_clearance_l_per_h": 17.1 * faster,
        "su12662_volume_l": 635 * size,
        "su12662_intercompartmental_clearance_l_per_h": 20.1 * faster,
        "su12662_peripheral_volume_l": 388 * size,
    }


def _perera(_p: Patient) -> Numbers:
    return _of(4.86, 31.2, 1.71 * 31.2, 1.71 * 31.2 / 2.02) | {
        KA: 3.65,
        LAG: 0.15,
        "paraxanthine_formation_clearance_l_per_h": 2.73,
        "paraxanthine_clearance_l_per_h": 3.81,
        "paraxanthine_volume_l": 24.4,
    }


def _leuven(_p: Patient) -> Numbers:
    return {
        V1: 881.28,
        "elimination_per_h": 0.0058452,
        "elimination_rise_per_h": 0.025644,
        "rise_rate_per_h": 0.0358956,
        "first_dose_h": 0.0,
    }


def _anderson(p: Patient) -> Numbers:
    return _of(10.2 * allometric(p.weight, 0.75), 67.1 * p.weight / 70) | {
        KA: 0.77,
        KE0: 0.6931471805599453 / (0.72 * allometric(p.weight, 0.25)),
        "csf_plasma_ratio": 1.18,
    }


def _jonckheere(p: Patient) -> Numbers:
    size, faster = p.weight / 70, allometric(p.weight, 0.75)
    return {
        "renal_clearance_l_per_h": 2.29 * allometric(p.cockcroft, 0.943, 60) * faster,
        "other_clearance_l_per_h": 0.795 * faster,
        V1: 10.7 * size,
        Q2: 11.0 * faster,
        V2: 12.2 * size,
    }


EXPECTED: dict[str, Callable[[Patient], Numbers]] = {
    "vancomycin-goti-2018": _goti,
    "vancomycin-thomson-2009": lambda p: _of(
        2.99 + 0.046046 * (p.cockcroft - 66), 0.675 * p.weight, 2.28, 0.732 * p.weight
    ),
    "vancomycin-buelga-2005": lambda p: _of(0.0648 * p.cockcroft, 0.98 * p.weight),
    "vancomycin-colin-2019": _colin,
    "vancomycin-roberts-2011-ci": lambda p: _of(0.0458 * p.per_surface, 1.53 * p.weight),
    "vancomycin-hughes-2024-obese": _hughes,
    "gentamicin-xuan-2004-adult": lambda p: _of(
        0.047 * p.cockcroft, 0.28 * p.weight, 0.02576 * p.weight, 0.02576 / 0.071 * p.weight
    ),
    "gentamicin-rosario-adult-oncology": lambda p: _of(
        0.88 + 0.03784 * p.cockcroft_on(p.weight) * p.umol / max(p.umol, 60),
        8.59 * p.surface * (p.albumin / 34) ** -0.39,
        1.3,
        9.79,
    ),
    "gentamicin-germovsek-2016-neonate": _germovsek,
    "tobramycin-hennig-2013": _hennig,
    "amikacin-delattre-2010": lambda p: _of(0.77 + 1.42 / 55.5 * p.cockcroft, 19.2, 4.38, 9.38),
    "amikacin-romano-1998": lambda p: _of(0.05604 * p.jelliffe, 0.393 * p.weight),
    "meropenem-li-2006": lambda p: _of(
        14.6 * allometric(p.cockcroft, 0.62, 83) * allometric(p.age, -0.34, 35),
        10.8 * allometric(p.weight, 0.99),
        18.6,
        12.6,
    ),
    "meropenem-ehmann-2019": lambda p: _of(
        9.25 + 0.0903725 * (min(p.cockcroft, 154) - 80.8),
        7.89 * allometric(p.weight, 0.945),
        28.4,
        16.1 - 3.2522 * (p.albumin / 10 - 2.8),
    ),
    "meropenem-ojeanson-2021-dialysis": _ojeanson,
    "meropenem-shekar-2014-crrt": lambda p: _of(0.1134 * p.cockcroft, 18.7, 21.0, 13.2),
    "meropenem-gijsen-2021": lambda p: _of(
        14.7 * allometric(p.weight, 0.75) * allometric(p.ckd_epi, 1.29, 105),
        25.6 * p.weight / 70,
        5.51 * allometric(p.weight, 0.75),
        8.02 * p.weight / 70,
    ),
    "piperacillin-kim-2016": lambda p: _of(2.90 + 4.03 / 47 * p.cockcroft, 0.325 * p.weight, 2.29, 3.76),
    "piperacillin-kim-2022": lambda p: _of(
        5.05 * math.exp(0.00932 * (p.by_cystatin - 52.77)) * allometric(p.weight, 0.75),
        16.5 * p.weight / 70,
        6.28 * allometric(p.weight, 0.75),
        6.27 * p.weight / 70,
    ),
    "piperacillin-roberts-2010-iov": lambda p: _of(17.1 / 70 * p.weight, 7.2, 52.0, 17.8) | {LAG: 0.07},
    "piperacillin-obrink-hansen-2015": lambda p: _of(5.47 - 0.011 * p.umol, 7.3, 6.58, 3.9),
    "piperacillin-thorsted-2019-child": lambda p: _of(
        15.4 * allometric(p.weight, 0.75), 16 * p.weight / 70, 0.237 * allometric(p.weight, 0.75), 3.4 * p.weight / 70
    ),
    "piperacillin-udy-2015": lambda p: _of(0.163 * p.cockcroft, 19.9, 37.3, 18.8),
    "piperacillin-klastrup-2020": lambda p: _of(2.25 + 0.119 * p.cockcroft, 35.8),
    "cefepime-an-2023": lambda p: _of(p.cockcroft_on(max(p.james, 30)) / 27 + 0.526, 13.4 / 90 * p.weight, 12.0, 7.52),
    "cefepime-jonckheere-2019": _jonckheere,
    "voriconazole-friberg-2012": lambda p: _voriconazole(p, 1.50, 15.5, 100.0, 0.949),
    "voriconazole-friberg-2012-adolescent": lambda p: _voriconazole(p, 1.50, 25.3735, 0.45815, 0.119574),
    "voriconazole-friberg-2012-child": lambda p: _voriconazole(p, 1.11, 25.3735, 1.19, 0.119574),
    "tacrolimus-andrews-2019": _andrews,
    "tacrolimus-storset-2014": _storset,
    "tacrolimus-kws-leuven-bedside": _leuven,
    "busulfan-shukla-2020": _shukla,
    "busulfan-mccune-2014": _mccune,
    "busulfan-longboyle-2015": _long_boyle,
    "methotrexate-faltaos-2006": lambda p: _of(
        7.1 * allometric(p.umol, -0.43, 67) * allometric(p.age, -0.22, 62), 25.1, 0.15, 2.7
    ),
    "methotrexate-taylor-2020-mtxpk": _taylor,
    "carboplatin-mapbayr-run901": lambda p: _of(6.38, 9.5 * p.surface, 2.7, 9.56),
    "cabozantinib-mapbayr-run931": _nguyen,
    "ibrutinib-mapbayr-run911": _gallais,
    "sunitinib-mapbayr-run941": _yu,
    "infliximab-fasanmade-2009": _fasanmade,
    "digoxin-yukawa-2001": lambda p: _of(
        0.036 * p.weight + 0.112 * p.cockcroft, 1.83 * p.weight, 0.629 * p.weight, 22.6 * p.weight
    ),
    "digoxin-jelliffe-2014": _jelliffe,
    "warfarin-hamberg-2007": _hamberg,
    "phenytoin-yukawa-1990": _yukawa_phenytoin,
    "phenytoin-tanaka-2012": lambda p: _of(
        1.61 * allometric(p.weight, 0.569, 60), 20.8 / 60 * p.weight, 53.0, 26 * allometric(p.weight, 0.584, 60)
    ),
    "phenobarbital-grasela-1985": lambda p: _of(0.00469555 * p.weight, 0.984258 * p.weight),
    "theophylline-yano-1993": lambda p: _of(
        p.weight * math.exp(-3.78) * math.exp(0.0233 * p.co2), p.weight * math.exp(-1.12) * math.exp(0.00934 * p.co2)
    ),
    "caffeine-perera-2013": _perera,
    "caffeine-lee-2015": lambda p: _of(0.09792 * p.weight, 0.7219 * p.weight) | {KA: 4.268},
    "paracetamol-anderson-1998": _anderson,
    "propofol-eleveld-2018": _propofol,
    "remifentanil-eleveld-2017": _remifentanil,
}
