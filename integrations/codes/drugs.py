"""Codes of drugs, and the drug of the formulary each names.

The ingredient codes of RxNorm but for vancomycin's are those that CPIC's database of gene and drug pairs gives
(https://github.com/cpicpgx/cpic-schema, drug.sql). Drugs of the formulary that are missing here are only taken by mouth
or were in no public table to compare with.
"""

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
SNOMED = "http://snomed.info/sct"

DRUGS: dict[tuple[str, str], str] = {
    (RXNORM, "11124"): "vancomycin",
    (RXNORM, "42316"): "tacrolimus",
    (RXNORM, "121243"): "voriconazole",
    (RXNORM, "6851"): "methotrexate",
    (RXNORM, "40048"): "carboplatin",
    (RXNORM, "3407"): "digoxin",
    (RXNORM, "8183"): "phenytoin",
    (RXNORM, "1886"): "caffeine",
}
"""(system, code) of an ingredient to the drug's name in the formulary."""

INTO_A_VEIN_UNSAID = frozenset({"vancomycin", "carboplatin"})
"""Drugs of which a dose without a route goes into a vein; the others are taken by mouth as well."""

INTRAVENOUS_ROUTES = frozenset({(SNOMED, "47625008")})
"""Route codes that mean into a vein (SNOMED CT: Intravenous route)."""
