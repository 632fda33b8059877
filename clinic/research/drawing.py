"""When a study is done, its figure is put beside its other files; if it cannot be drawn, the study is not done."""

from typing import Any

from clinic.research.figure import study_figure
from twins.cohorts.export import write
from twins.cohorts.study import StudySpec
from twins.cohorts.summarise import GroupExposure
from twins.jobs.publish import study_folder
from twins.records.models import Job, JobKind, JobState
from twins.records.signals import job_changed

FIGURE = "figure.svg"


def connect() -> None:
    """Listen to the jobs' changes; safe to call more than once."""
    job_changed.connect(_draw, dispatch_uid="figure of studies")


def rows_of(job: Job) -> tuple[GroupExposure, ...]:
    """The table of a finished study."""
    return tuple(GroupExposure.from_json(row) for row in job.result["table"])


def _draw(*, instance: Job, **_: Any) -> None:
    if instance.kind != JobKind.STUDY or instance.state != JobState.DONE:
        return
    target = StudySpec.from_json(instance.parameters["spec"]).target
    # Outside a page nothing says what the text's own colour is, and a viewer takes black on its own ground.
    write(study_folder(instance) / FIGURE, study_figure(rows_of(instance), target, prefix="study").encode())
