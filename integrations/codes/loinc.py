"""LOINC codes of what is measured, and the channel each belongs to.

Names are those of https://loinc.org. Codes of drug levels, albumin and haematocrit are those that MIMIC-IV's laboratory
items are mapped to (https://github.com/MIT-LCP/mimic-code, concept_map/d_labitems_to_loinc.csv and
meas_chartevents_main.csv); peak and trough of gentamicin those of Labcorp's and Warde's test menus, of vancomycin those
of ARUP's (test 0090330), Labcorp's and MercyOne's (test 537); voriconazole's and tacrolimus's by assay those of a
German university laboratory's published mapping; digoxin's in moles that of the Swiss external quality control
(CDA-CH-LRQC, class LabObsList of eHealth Connector). For the other drugs no code in moles was
found in a table that names its source: their levels are read in moles under the codes here. For meropenem,
piperacillin, cefepime and busulfan no code of a total level was found in a public table: their levels are not read.
Levels of the unbound drug are another quantity and not read either. A channel is stored in one unit; whatever unit a
code comes with is converted.
"""

from dataclasses import dataclass

from twins.quantities.molar_mass import CREATININE_G_PER_MOL, DRUG_G_PER_MOL, GLUCOSE_G_PER_MOL
from twins.samples.channel import LEVELS, Channel

SYSTEM = "http://loinc.org"
BLOOD_PRESSURE_PANEL = "85354-9"


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one LOINC code measures."""

    code: str
    name: str
    channel: Channel


_TABLE = (
    Measurement("20578-1", "Vancomycin [Mass/volume] in Serum or Plasma", Channel.VANCOMYCIN),
    Measurement("4090-7", "Vancomycin [Mass/volume] in Serum or Plasma --peak", Channel.VANCOMYCIN),
    Measurement("4092-3", "Vancomycin [Mass/volume] in Serum or Plasma --trough", Channel.VANCOMYCIN),
    Measurement("35668-3", "Gentamicin [Mass/volume] in Serum or Plasma", Channel.GENTAMICIN),
    Measurement("3663-2", "Gentamicin [Mass/volume] in Serum or Plasma --peak", Channel.GENTAMICIN),
    Measurement("3665-7", "Gentamicin [Mass/volume] in Serum or Plasma --trough", Channel.GENTAMICIN),
    Measurement("35670-9", "Tobramycin [Mass/volume] in Serum or Plasma", Channel.TOBRAMYCIN),
    Measurement("35669-1", "Amikacin [Mass/volume] in Serum or Plasma", Channel.AMIKACIN),
    Measurement("38370-3", "Voriconazole [Mass/volume] in Serum or Plasma", Channel.VORICONAZOLE),
    Measurement("11253-2", "Tacrolimus [Mass/volume] in Blood", Channel.TACROLIMUS),
    Measurement("74097-7", "Tacrolimus [Mass/volume] in Blood by LC/MS/MS", Channel.TACROLIMUS),
    Measurement("10535-3", "Digoxin [Mass/volume] in Serum or Plasma", Channel.DIGOXIN),
    Measurement("14698-5", "Digoxin [Moles/volume] in Serum or Plasma", Channel.DIGOXIN),
    Measurement("3948-7", "PHENobarbital [Mass/volume] in Serum or Plasma", Channel.PHENOBARBITAL),
    Measurement("1751-7", "Albumin [Mass/volume] in Serum or Plasma", Channel.ALBUMIN),
    Measurement("4544-3", "Hematocrit [Volume Fraction] of Blood by Automated count", Channel.HAEMATOCRIT),
    Measurement("20570-8", "Hematocrit [Volume Fraction] of Blood", Channel.HAEMATOCRIT),
    Measurement("2160-0", "Creatinine [Mass/volume] in Serum or Plasma", Channel.CREATININE),
    Measurement("14682-9", "Creatinine [Moles/volume] in Serum or Plasma", Channel.CREATININE),
    Measurement("38483-4", "Creatinine [Mass/volume] in Blood", Channel.CREATININE),
    Measurement("29463-7", "Body weight", Channel.WEIGHT),
    Measurement("8302-2", "Body height", Channel.HEIGHT),
    Measurement("8867-4", "Heart rate", Channel.HEART_RATE),
    Measurement("9279-1", "Respiratory rate", Channel.RESPIRATORY_RATE),
    Measurement("59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry", Channel.OXYGEN_SATURATION),
    Measurement("2708-6", "Oxygen saturation in Arterial blood", Channel.OXYGEN_SATURATION),
    Measurement("8480-6", "Systolic blood pressure", Channel.SYSTOLIC_PRESSURE),
    Measurement("8462-4", "Diastolic blood pressure", Channel.DIASTOLIC_PRESSURE),
    Measurement("8310-5", "Body temperature", Channel.TEMPERATURE),
    Measurement("8331-1", "Oral temperature", Channel.TEMPERATURE),
    Measurement("2339-0", "Glucose [Mass/volume] in Blood", Channel.GLUCOSE),
    Measurement("2345-7", "Glucose [Mass/volume] in Serum or Plasma", Channel.GLUCOSE),
    Measurement("41653-7", "Glucose [Mass/volume] in Capillary blood by Glucometer", Channel.GLUCOSE),
    Measurement("15074-8", "Glucose [Moles/volume] in Blood", Channel.GLUCOSE),
    Measurement("14749-6", "Glucose [Moles/volume] in Serum or Plasma", Channel.GLUCOSE),
    # The two of the CGM guide, https://hl7.org/fhir/uv/cgm.
    Measurement("99504-3", "Glucose [Mass/volume] in Interstitial fluid", Channel.SENSOR_GLUCOSE),
    Measurement("105272-9", "Glucose [Moles/volume] in Interstitial fluid", Channel.SENSOR_GLUCOSE),
)
MEASUREMENTS = {row.code: row for row in _TABLE}

MOLAR_MASS_G_PER_MOL = {
    Channel.CREATININE: CREATININE_G_PER_MOL,
    Channel.GLUCOSE: GLUCOSE_G_PER_MOL,
    Channel.SENSOR_GLUCOSE: GLUCOSE_G_PER_MOL,
    **{channel: DRUG_G_PER_MOL[channel] for channel in LEVELS},
}
"""Channels whose values may come as amounts of substance."""
