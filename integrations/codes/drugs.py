"""Codes of drugs, and the drug of the formulary each names.

RxNorm's ingredient codes are those that CPIC's database of gene and drug pairs gives
(https://github.com/cpicpgx/cpic-schema, drug.sql), but vancomycin's, and gentamicin's, which is that of RENCI's
guidance example (https://github.com/RENCI/pdspi-guidance-example). RxNorm's codes of injections and solutions are those
that MIMIC-IV's inputs are mapped to (https://github.com/MIT-LCP/mimic-code, concept_map/inputevents_to_rxnorm.csv). ATC
codes are those of the index of the WHO Collaborating Centre (https://atcddd.fhi.no/atc_ddd_index).

Left out on purpose: codes of vancomycin by mouth (ATC A07AA09, RxNorm 374282), which does not reach the blood; ATC
codes of ointments, eye drops and inhalations; and combinations. An amount of piperacillin with tazobactam
(ATC J01CR05) may or may not count the tazobactam, and nothing in an order says which.
"""

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ATC = "http://www.whocc.no/atc"
SNOMED = "http://snomed.info/sct"

DRUGS: dict[tuple[str, str], str] = {
    (RXNORM, "11124"): "vancomycin",
    (RXNORM, "1807507"): "vancomycin",
    (ATC, "J01XA01"): "vancomycin",
    (RXNORM, "1596450"): "gentamicin",
    (RXNORM, "1870244"): "gentamicin",
    (ATC, "J01GB03"): "gentamicin",
    (RXNORM, "1740474"): "tobramycin",
    (ATC, "J01GB01"): "tobramycin",
    (RXNORM, "1723155"): "amikacin",
    (ATC, "J01GB06"): "amikacin",
    (RXNORM, "1722933"): "meropenem",
    (ATC, "J01DH02"): "meropenem",
    (RXNORM, "373467"): "piperacillin",
    (ATC, "J01CA12"): "piperacillin",
    (RXNORM, "1665087"): "cefepime",
    (ATC, "J01DE01"): "cefepime",
    (RXNORM, "121243"): "voriconazole",
    (RXNORM, "1727280"): "voriconazole",
    (RXNORM, "477141"): "voriconazole",
    (ATC, "J02AC03"): "voriconazole",
    (RXNORM, "42316"): "tacrolimus",
    (ATC, "L04AD02"): "tacrolimus",
    (ATC, "L01AB01"): "busulfan",
    (RXNORM, "6851"): "methotrexate",
    (ATC, "L01BA01"): "methotrexate",
    (ATC, "L04AX03"): "methotrexate",
    (RXNORM, "40048"): "carboplatin",
    (ATC, "L01XA02"): "carboplatin",
    (ATC, "L01EX07"): "cabozantinib",
    (ATC, "L01EL01"): "ibrutinib",
    (RXNORM, "357977"): "sunitinib",
    (ATC, "L01EX01"): "sunitinib",
    (ATC, "L04AB02"): "infliximab",
    (RXNORM, "3407"): "digoxin",
    (ATC, "C01AA05"): "digoxin",
    (RXNORM, "11289"): "warfarin",
    (ATC, "B01AA03"): "warfarin",
    (RXNORM, "8183"): "phenytoin",
    (RXNORM, "1670350"): "phenytoin",
    (ATC, "N03AB02"): "phenytoin",
    (ATC, "N03AA02"): "phenobarbital",
    (ATC, "R03DA04"): "theophylline",
    (RXNORM, "1886"): "caffeine",
    (ATC, "N06BC01"): "caffeine",
    (ATC, "N02BE01"): "paracetamol",
    (ATC, "N01AX10"): "propofol",
    (ATC, "N01AH06"): "remifentanil",
}
"""(system, code) of an ingredient or of a product of it alone to the drug's name in the formulary."""

COMBINED: dict[tuple[str, str], str] = {
    (ATC, "J01CR05"): "piperacillin",
    (RXNORM, "1659133"): "piperacillin",
}
"""(system, code) of a product that holds a drug of the formulary and another besides: its amounts cannot be read."""

INTO_A_VEIN_UNSAID = frozenset({"vancomycin", "carboplatin"})
"""Drugs of which a dose without a route goes into a vein; others are taken by mouth, inhaled or into a muscle too."""

INTRAVENOUS_ROUTES = frozenset({(SNOMED, "47625008")})
"""Route codes that mean into a vein (SNOMED CT: Intravenous route)."""

ORAL_ROUTES = frozenset({(SNOMED, "26643006")})
"""Route codes that mean by mouth (SNOMED CT: Oral route)."""
