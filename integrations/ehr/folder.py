"""Pull from a folder: Bundles and single resources in ``*.json``, one resource a line in ``*.ndjson``."""

from collections.abc import Callable
from pathlib import Path

from integrations.ehr.progress import PullReport, TypeProgress
from integrations.ehr.pull import note_run, open_left_over
from integrations.readings.accept import open_reading
from integrations.readings.inbox import receive
from integrations.readings.models import Source
from integrations.readings.quarantine import retry_found

_CONTENT_TYPES = {".json": "application/fhir+json", ".ndjson": "application/fhir+ndjson"}


class FolderError(ValueError):
    """A folder that holds nothing to read; names it and the remedy."""


def pull_folder(
    source: Source,
    folder: Path,
    *,
    stopped: Callable[[], bool] = lambda: False,
    on_progress: Callable[[TypeProgress], None] = lambda _: None,
) -> PullReport:
    """Bring in every file of `folder`, patients first; a file that was read before is known by its bytes.

    Raises
    ------
    FolderError
        If there is no such folder, or no file of these kinds in it.
    """
    if not folder.is_dir():
        raise FolderError(f"{folder} is not a folder; give a folder or an http address")
    files = sorted(
        (path for path in folder.rglob("*") if path.suffix in _CONTENT_TYPES and path.is_file()),
        key=lambda path: (not path.name.lower().startswith("patient"), path.relative_to(folder).as_posix()),
    )
    if not files:
        raise FolderError(f"{folder} holds no *.json or *.ndjson; give a folder with Bundles or ndjson in it")
    report = PullReport(opened_before=open_left_over(source))
    for path in files:
        if stopped():
            report.stopped = True
            break
        name = path.relative_to(folder).as_posix()
        reading = receive(source, path.read_bytes(), content_type=_CONTENT_TYPES[path.suffix], origin=name)
        opened = open_reading(reading)
        progress = report.of(name)
        progress.add(opened)
        progress.error = opened.unreadable
        progress.done = not opened.unreadable
        report.released += opened.released
        on_progress(progress)
    report.released += retry_found(source)
    note_run(source, report)
    return report
