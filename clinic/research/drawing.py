"""When a study is done, its figure is put beside its other files; if it cannot be drawn, the study is not done."""

from typing import Any

from django.conf import settings
from django.utils import translation

from twins.records.models import Job, JobKind, JobState
from twins.records.signals import job_changed

FIGURE = "figure.svg"


def connect() -> None:
    """Listen to the jobs' changes; safe to call more than once."""
    job_changed.connect(_draw, dispatch_uid="figure of studies")


def _draw(*, instance: Job, **_: Any) -> None:
    if instance.kind != JobKind.STUDY or instance.state != JobState.DONE:
        return
    # Every process listens and few ever draw: what drawing needs brings the compiler along, a second of start-up.
    from clinic.research.figure import study_figure
    from clinic.research.shown import rows_of
    from twins.cohorts.export import write
    from twins.cohorts.study import StudySpec
    from twins.jobs.publish import study_folder

    target = StudySpec.from_json(instance.parameters["spec"]).target
    with translation.override(settings.LANGUAGE_CODE):  # a file is the same whoever asked for the study
        drawn = study_figure(rows_of(instance), target, prefix="study")
    write(study_folder(instance) / FIGURE, drawn.encode())
