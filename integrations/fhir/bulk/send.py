"""The message that tells workers of an export: its id, and nothing else."""

from uuid import UUID

from twins.jobs.queue import send_task

TASK = "integrations.fhir.bulk.tasks.run"


def send(export_id: UUID) -> bool:
    """Send one message; False where the broker cannot be reached, and then the sweep sends it later."""
    return send_task(TASK, str(export_id))
