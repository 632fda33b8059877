"""What the words on the pages mean: plain first, for whoever asks."""

from dataclasses import dataclass

from django.utils.translation import gettext, gettext_noop


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the pages and what it means, in two or three sentences without another hard word."""

    english_name: str
    english_meaning: str

    @property
    def name(self) -> str:
        """In the language of the page."""
        return gettext(self.english_name)

    @property
    def meaning(self) -> str:
        return gettext(self.english_meaning)


_ = gettext_noop

TERMS: dict[str, Term] = {
    "auc24": Term(
        _("AUC24"),
        _(
            "The area under the concentration's curve over 24 hours: how much drug the body sees in a day. Twice the "
            "area is twice the exposure, whether it came as one high peak or as a steady level."
        ),
    ),
    "peak": Term(
        _("Peak"), _("The highest concentration between one dose and the next, usually at the end of an infusion.")
    ),
    "trough": Term(_("Trough"), _("The lowest concentration between doses: just before the next one is given.")),
    "target": Term(
        _("Target and chance of attainment"),
        _(
            "The range that the exposure should lie in, with its source. The chance is the share of all courses the "
            "twin thinks possible that lie in that range; 78 % means 78 of 100."
        ),
    ),
    "time-to-target": Term(
        _("Time to target"),
        _("How long until the end of the first 24 hours in which the target is more likely met than not."),
    ),
    "band": Term(
        _("Median and bands"),
        _(
            "Half of what the twin thinks possible lies above the median. The 50 % band holds the middle half of it, "
            "the 90 % band all but one in ten. Wide bands mean that little is known yet."
        ),
    ),
    "twin": Term(
        _("Twin and its version"),
        _(
            "A published model of how people like this patient handle the drug, made individual by this patient's own "
            "data. Each new piece of data makes a new version; earlier versions stay as they were."
        ),
    ),
    "prior": Term(
        _("Population and this patient"),
        _(
            "Before any level the model expects what is typical of people with this age, weight and kidney function. "
            "Levels move it towards this patient; how far it moved says what was learned."
        ),
    ),
    "learned": Term(
        _("Learned"),
        _(
            "How much of the uncertainty about this parameter the patient's own levels have taken away. Little learned "
            "means that the value is still mostly the population's."
        ),
    ),
    "clearance": Term(
        _("Clearance"),
        _(
            "How much blood is freed of the drug in an hour. It decides the dose a day that a target needs: half the "
            "clearance, half the dose."
        ),
    ),
    "volume": Term(
        _("Volume of distribution"),
        _(
            "The volume that the drug seems to spread in. It decides how high one dose takes the concentration, and "
            "so the size of a loading dose."
        ),
    ),
    "residual": Term(
        _("Residual"),
        _(
            "What is left between a measured level and the twin's fit, counted in the errors that are usual. Beyond "
            "two either way, look at the time of the level and of the doses before it."
        ),
    ),
    "covariate": Term(
        _("Covariate"),
        _(
            "A fact about the patient that the model uses, such as weight or creatinine. Outside the range of the "
            "people that the model was made from, the forecast is a guess beyond its data."
        ),
    ),
    "creatinine-clearance": Term(
        _("Creatinine clearance"),
        _(
            "An estimate of kidney function from creatinine, age, sex and weight. When creatinine is rising or "
            "falling it lags behind the kidneys by a day or so."
        ),
    ),
    "kdigo": Term(
        _("KDIGO stage"),
        _(
            "How bad an acute kidney injury is by the rise of creatinine: 1, 2 or 3. By KDIGO's guideline of 2012, "
            "doi:10.1038/kisup.2012.1."
        ),
    ),
    "mic": Term(
        _("MIC"),
        _(
            "The lowest concentration that stops the germ from growing in the laboratory. Some targets are counted in "
            "it."
        ),
    ),
    "time-above": Term(
        _("Time above the MIC (fT>MIC)"),
        _(
            "The share of a day in which the concentration that is not bound to protein is above the MIC. Drugs such "
            "as meropenem act by how long they are above it, not by how high they go."
        ),
    ),
    "benefit-harm": Term(
        _("Benefit and harm"),
        _(
            "The chance that the target is met, beside the chance of more than its upper end, where harm becomes "
            "likelier, and of less than its lower end, where the drug may fail."
        ),
    ),
    "coverage": Term(
        _("Bias, RMSE and coverage"),
        _(
            "How this twin's earlier forecasts turned out. Bias: measured less forecast, on average; RMSE: the usual "
            "size of a miss; coverage: the share of later levels that lay in the band, which should be what the band "
            "says."
        ),
    ),
    "sensitivity": Term(
        _("What moves the answer"),
        _(
            "Each input is changed or left out in turn and everything is computed again. What moves the answer most is "
            "what to check first."
        ),
    ),
    "second-signature": Term(
        _("Second signature"),
        _(
            "Some drugs do great harm when a dose is wrong. A plan of such a drug counts only when two people signed "
            "it; until then nothing is sent to the chart, and what was in force before stays in force."
        ),
    ),
    "followed": Term(
        _("Followed"),
        _(
            "Whether the doses given since are those that the signed plan advised: the amount and the time of each, "
            "within what is stated beside the table. It judges the plan's fate, not the person who gave another dose."
        ),
    ),
    "digest": Term(
        _("Digest"),
        _(
            "A fingerprint of stored data. Any change, however small, gives another one; so a page, a signature and "
            "the audit trail can be held against each other."
        ),
    ),
    "draws": Term(
        _("Draws and effective sample size"),
        _(
            "A draw is one course that the twin thinks possible; a forecast is many of them. The effective sample size "
            "is what they are worth as independent ones. Far fewer than there are draws: the edges of the bands are "
            "rough."
        ),
    ),
    "weight": Term(
        _("Weight of a model and log evidence"),
        _(
            "How well each model had expected this patient's levels, as against the others. The log evidence is that "
            "chance on a logarithmic scale, also called the marginal likelihood: 2.3 more is ten times as likely."
        ),
    ),
    "variability": Term(
        _("Variability between patients (omega)"),
        _(
            "How far people of the same age, weight and kidney function differ in a parameter. Written as a variance "
            "and as a coefficient of variation: with 30 %, two of three people lie within about 30 % of the typical "
            "value."
        ),
    ),
    "virtual-patients": Term(
        _("Virtual patients"),
        _(
            "People who do not exist, drawn from a published model and from the spread of age, weight and kidney "
            "function that a study asks for. No patient's data are in them."
        ),
    ),
    "emergency": Term(
        _("Emergency access (break-glass)"),
        _(
            "In an emergency a patient outside one's care teams can be opened for a short time, with a reason. "
            "Everything seen then is on record and is reviewed by somebody else."
        ),
    ),
    "quarantine": Term(
        _("Quarantine"),
        _(
            "Where everything waits that was received and could not be used, with the reason. Nothing is lost: once "
            "the cause is mended it can be tried again."
        ),
    ),
    "purpose": Term(
        _("Purpose of use"),
        _(
            "What a read or a change was for, by a code of HL7: treatment (TREAT), an emergency (BTG), the running of "
            "the hospital (HOPERAT), research (HRESCH)."
        ),
    ),
}
"""By the name that templates ask with: ``{% explain "auc24" %}``. ``/help`` lists them all."""
