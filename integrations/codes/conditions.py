"""Codes of diagnoses that change how a drug is cleared."""

from integrations.codes.drugs import SNOMED

HAEMODIALYSIS = frozenset({(SNOMED, "105502003")})
"""SNOMED CT: Dependence on renal dialysis."""
