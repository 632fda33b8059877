"""What is rightly the same in every language: units, signs of the field, names, and the test patients' own data."""

import re

UNITS = (
    *("mg·h/L", "mg·min/mL", "mg/L", "mg/dL", "mg/h", "mg/kg", "ng/mL", "µg/L", "µmol/L", "µmol·h/L", "mmol/L"),
    *("L/h", "mL/min/1.73 m²", "mL/min/1,73 m²", "mL/min", "L/kg", "mmHg", "/min", "°C", "min", "mg", "kg", "cm"),
    *("mL", "L", "h", "s", "%", "m²", "SD", "sd", "UTC"),
)
"""Written the same way in both languages."""
SIGNS = (
    *("AUC24", "AUC", "MIC", "KDIGO", "CKD-EPI", "Cockcroft–Gault", "RMSE", "RxNorm", "LOINC", "UCUM", "NEWS2"),
    *("SMART", "FHIR", "doi", "OAuth", "TOTP", "JSON", "CSV", "PDF", "SpO2", "ID", "IP", "DOI", "OK", "EHR"),
    *("CDS Hooks", "OpenID", "TOML"),
)
NAMES = (
    *("Patient Twin", "English", "Deutsch", "Vancomycin", "vancomycin", "Goti", "Thomson", "Quillfeather", "Zebedee"),
    *("Ward 4, bed 2", "Ward 4", "REC-998877", "Mira Test", "Nurse Test", "Phil Test", "Okafor", "Daniel", "Mira"),
    *("Phil", "Nurse", "mira", "phil", "nurse", "somebody", "ward"),
)
"""Of the product, of drugs and models, of the patients and people whom the walk makes."""
DATA = (
    r"vancomycin-[a-z]+-[0-9]{4}",
    r"doi:\S+",
    r"https?://\S+",
    r"[0-9a-f]{8}-[0-9a-f]{4}-\S+",
    r"\b[0-9a-f]{12,64}\b",
    r"\b(?:ward|test)[/.][A-Za-z]+[/.]\S+",
    r"\b(?:Observation|MedicationAdministration|MedicationRequest|Patient|Encounter|Condition)/\S+",
    r"Zebedee agrees\.",
)
_SAME = "|".join(map(re.escape, sorted((*UNITS, *SIGNS, *NAMES), key=len, reverse=True)))
_KEPT = re.compile("|".join([*DATA, rf"(?<![^\W\d_])(?:{_SAME})(?![^\W\d_])"]))
_WORD = re.compile(r"[^\W\d_]{2,}")
_POINT = re.compile(r"(?<![\w./:-])\d+\.\d+(?![\w./:-]|\.\d)")


def words_in(text: str) -> str:
    """What of `text` a translator should have seen; empty if there is no word in it."""
    rest = _KEPT.sub(" ", text)
    return " ".join(text.split()) if _WORD.search(rest) else ""


def points_in(text: str) -> list[str]:
    """Numbers in `text` with a point for the decimal sign."""
    return _POINT.findall(re.sub("|".join(DATA), " ", text))
