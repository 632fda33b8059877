"""What is rightly the same in every language: units, signs of the field, names, quotations, the patients' data."""

import re
from functools import lru_cache

from twins.pharmacology import formulary
from twins.quantities.sentence import defined

UNITS = (
    *("mg·h/L", "mg·min/mL", "mg/L", "mg/dL", "mg/h", "mg/kg", "ng/mL", "µg/L", "µmol/L", "µmol·h/L", "mmol/L"),
    *("L/h", "mL/min/1.73 m²", "mL/min/1,73 m²", "mL/min", "L/kg", "mmHg", "/min", "°C", "min", "mg", "kg", "cm"),
    *("umol/L", "ug/L", "mm[Hg]", "{INR}", "Hz", "mL", "L", "h", "wk", "s", "%", "m²", "SD", "sd", "UTC"),
)
"""Written the same way in both languages."""
SIGNS = (
    *("AUC24", "AUC", "MIC", "INR", "KDIGO", "CKD-EPI", "Cockcroft–Gault", "RMSE", "RxNorm", "LOINC", "UCUM", "NEWS2"),
    *("SMART", "FHIR", "doi", "OAuth", "TOTP", "JSON", "CSV", "PDF", "SpO2", "ID", "IP", "DOI", "OK", "EHR"),
    *("CDS Hooks", "OpenID", "TOML"),
)
KEYS = ("patients", "days", "seed")
"""What a study's file calls its fields; a mistake is named by them."""
NAMES = (
    *("Patient Twin", "English", "Deutsch", "Vancomycin", "VANCOMYCIN", "vancomycin", "Quillfeather", "Zebedee"),
    *("Ward 4, bed 2", "Ward 4", "REC-998877", "Mira Test", "Nurse Test", "Phil Test", "Okafor", "Daniel", "Mira"),
    *("Phil", "Nurse", "mira", "phil", "nurse", "somebody", "ward"),
)
"""Of the product, of drugs, of the patients and people whom the walk makes."""
DATA = (
    r"vancomycin-[a-z]+-[0-9]{4}",
    r"doi:\S+",
    r"https?://\S+",
    r"[0-9a-f]{8}-[0-9a-f]{4}-\S+",
    r"\b[0-9a-f]{12,64}\b",
    r"\b(?:ward|test)[/.][A-Za-z]+[/.]\S+",
    r"\b(?:Observation|MedicationAdministration|MedicationRequest|Patient|Encounter|Condition)/\S+",
    r"Zebedee agrees\.",
    # The stored comparison of tests.factories.vancomycin_case, in words that are its own and not the engine's.
    r"\d+ % chance in the target range over the next 24 h, \d+ % chance above the safety limit\.",
    r"Proposal [123]",
    r"serum creatinine 1\.3 mg/dL",
    r"level of 17\.8 mg/L",
)
_SAME = "|".join(map(re.escape, sorted((*UNITS, *SIGNS, *KEYS, *NAMES), key=len, reverse=True)))
_KEPT = re.compile("|".join([*DATA, rf"(?<![^\W\d_])(?:{_SAME})(?![^\W\d_])"]))
_WORD = re.compile(r"[^\W\d_]{2,}")
_POINT = re.compile(r"(?<![\w./:-])\d+\.\d+(?![\w./:-]|\.\d)")


def words_in(text: str) -> str:
    """What of `text` a translator should have seen; empty if there is no word in it."""
    said = " ".join(text.split())
    return said if _WORD.search(_KEPT.sub(" ", said)) and not _is_quoted(said) else ""


def points_in(text: str) -> list[str]:
    """Numbers in `text` with a point for the decimal sign, but for those of quotations."""
    kept = re.sub("|".join(DATA), " ", text)
    return [] if _is_quoted(" ".join(kept.split())) else _POINT.findall(kept)


def _is_quoted(said: str) -> bool:
    """A whole quotation, or what is left of one between its numbers; a single word is nobody's."""
    whole = f"\n{said}\n" in _quotations()
    return whole or (len(said.split()) > 2 and said in _quotations())


@lru_cache(maxsize=1)
def _quotations() -> str:
    """Titles of the formulary's models, and citations of publications and files that have no word of ours in them."""
    ours = {each.text for each in defined()}
    models = [formulary.model(name) for name in formulary.model_ids()]
    texts = {text for model in models for text in (model.title, model.citation.text, *model.citation.read_in)}
    return "\n".join(("", *(" ".join(text.split()) for text in sorted(texts - ours)), ""))
