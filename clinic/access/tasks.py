"""What workers write to people: to those who cannot sign in, and to the reviewers of emergency accesses."""

from celery import shared_task
from django.utils import timezone

from clinic.access import glass_alert, password_link
from twins.jobs.queue import send_task


@shared_task(name="clinic.access.tasks.send_password_link", ignore_result=True)
def send_password_link(username: str, site: str) -> None:
    """Write to the person of this name, if there is one with an address here."""
    password_link.send(username, site)


@shared_task(name="clinic.access.tasks.tell_reviewers", ignore_result=True)
def tell_reviewers(pk: int) -> None:
    """Write to the reviewers of one emergency access, if that was not done."""
    glass_alert.tell(pk)


@shared_task(name="clinic.access.tasks.sweep")
def sweep() -> int:
    """Have the reviewers told who were not told yet; of how many openings. Several sweeps at once do no harm."""
    return sum(send_task("clinic.access.tasks.tell_reviewers", pk) for pk in glass_alert.due(timezone.now()))
