"""Put a finished study where people find it: the files under ``VAR_DIR/studies/<job id>``, the table in the job row."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from twins.cohorts.export import export
from twins.cohorts.study import StudySpec
from twins.cohorts.summarise import result_digest, summarise
from twins.pharmacology.population import PopulationModel
from twins.records.models import Job
from twins.records.runtime import runtime


def study_folder(job: Job) -> Path:
    """Where the files of a study are."""
    return Path(settings.VAR_DIR) / "studies" / str(job.pk)


def publish(
    job: Job, spec: StudySpec, model: PopulationModel, names: Sequence[str], table: NDArray[np.float64]
) -> dict[str, Any]:
    """Write the files; what the job row keeps of the result."""
    rows = summarise(spec, names, table)
    manifest = {
        "title": spec.title,
        "study": spec.to_json(),
        "study_digest": spec.digest(),
        "result_digest": result_digest(names, table),
        "model": {"id": model.id, "version": model.version, "doi": model.citation.doi},
        "seed": spec.seed,
        "patients": spec.patients,
        "columns": list(names),
        "code_version": job.code_version,
        "runtime": runtime(),
        "job": str(job.pk),
    }
    files = export(study_folder(job), spec, names, table, rows, manifest, unit=model.system.outputs[0].unit)
    return {
        "study_digest": manifest["study_digest"],
        "result_digest": manifest["result_digest"],
        "table": [row.to_json() for row in rows],
        "files": sorted([*files, "manifest.json"]),
    }
