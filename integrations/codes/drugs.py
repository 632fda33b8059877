"""Codes of drugs, and the drug of the formulary each names."""

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
SNOMED = "http://snomed.info/sct"

DRUGS: dict[tuple[str, str], str] = {
    (RXNORM, "11124"): "vancomycin",
}
"""(system, code) of an ingredient to the drug's name in the formulary."""

INTRAVENOUS_ROUTES = frozenset({(SNOMED, "47625008")})
"""Route codes that mean into a vein (SNOMED CT: Intravenous route)."""
