"""Two charts that every model of the formulary can be read with, and the covariates that follow from them by hand."""

import math

ADULT = {
    "age_y": 50.0,
    "male": 1.0,
    "weight_kg": 80.0,
    "height_cm": 175.0,
    "creatinine_mg_per_dl": 1.2,
    "albumin_g_per_l": 36.0,
    "haematocrit": 0.36,
    "cystatin_c_mg_per_l": 1.1,
    "arterial_co2_mmhg": 40.0,
    "cyp2c9_2_alleles": 0.0,
    "cyp2c9_3_alleles": 0.0,
    "vkorc1_g_alleles": 2.0,
}
WOMAN = {
    "age_y": 33.0,
    "male": 0.0,
    "weight_kg": 58.0,
    "height_cm": 163.0,
    "creatinine_mg_per_dl": 0.8,
    "albumin_g_per_l": 41.0,
    "haematocrit": 0.31,
    "cystatin_c_mg_per_l": 0.8,
    "arterial_co2_mmhg": 45.0,
    "cyp2c9_2_alleles": 1.0,
    "cyp2c9_3_alleles": 0.0,
    "vkorc1_g_alleles": 1.0,
}
NEWBORN = {"age_y": 10.0 / 365.25, "male": 0.0, "weight_kg": 2.4, "height_cm": 47.0, "creatinine_mg_per_dl": 0.7} | {
    name: ADULT[name]
    for name in ADULT
    if name not in ("age_y", "male", "weight_kg", "height_cm", "creatinine_mg_per_dl")
}


class Patient:
    """A chart as numbers with short names; sizes and clearances by the published equations, written out here."""

    def __init__(self, chart: dict[str, float], hours: float = 0.0) -> None:
        self.age, self.male = chart["age_y"], chart["male"] > 0.5
        self.weight, self.height = chart["weight_kg"], chart["height_cm"]
        self.creatinine, self.albumin = chart["creatinine_mg_per_dl"], chart["albumin_g_per_l"]
        self.haematocrit, self.co2 = chart["haematocrit"], chart["arterial_co2_mmhg"]
        self.hours = hours
        self.umol = self.creatinine * 88.4
        self.cockcroft = self._by_weight(self.weight)
        index = self.weight / (self.height / 100) ** 2
        self.lean = 9270 * self.weight / ((6680 + 216 * index) if self.male else (8780 + 244 * index))
        self.surface = 0.007184 * self.weight**0.425 * self.height**0.725
        growing = (
            0.88 + 0.12 / (1 + (self.age / 13.4) ** -12.7)
            if self.male
            else 1.11 - 0.11 / (1 + (self.age / 7.1) ** -1.1)
        )
        self.growing_lean = growing * self.lean
        a, b = (1.1, 128) if self.male else (1.07, 148)
        self.james = a * self.weight - b * (self.weight / self.height) ** 2
        self.per_surface = self.cockcroft * 1.73 / self.surface
        self.weeks = 40 + 52 * self.age
        jelliffe = (98 - 0.8 * (self.age - 20)) / self.creatinine * (1 if self.male else 0.9)
        self.jelliffe = jelliffe * self.surface / 1.73
        k, a = (0.9, -0.411) if self.male else (0.7, -0.329)
        ratio = self.creatinine / k
        self.ckd_epi = 141 * min(ratio, 1) ** a * max(ratio, 1) ** -1.209 * 0.993**self.age
        self.ckd_epi *= 1 if self.male else 1.018
        self.mdrd = 175 * self.creatinine**-1.154 * self.age**-0.203 * (1 if self.male else 0.742)
        cystatin = chart["cystatin_c_mg_per_l"] / 0.8
        self.by_cystatin = 133 * min(cystatin, 1) ** -0.499 * max(cystatin, 1) ** -1.328 * 0.996**self.age
        self.by_cystatin *= 1 if self.male else 0.932
        self.twos, self.gs = int(chart["cyp2c9_2_alleles"]), int(chart["vkorc1_g_alleles"])

    def _by_weight(self, weight: float) -> float:
        return (140 - self.age) * weight / (72 * self.creatinine) * (1.0 if self.male else 0.85)

    def cockcroft_on(self, weight: float) -> float:
        return self._by_weight(weight)


def allometric(weight: float, exponent: float, reference: float = 70.0) -> float:
    """(weight / reference)^exponent by way of logarithms."""
    return math.exp(exponent * math.log(weight / reference))
