"""What workers do for people who cannot sign in."""

from celery import shared_task

from clinic.access import password_link


@shared_task(name="clinic.access.tasks.send_password_link", ignore_result=True)
def send_password_link(username: str, site: str) -> None:
    """Write to the person of this name, if there is one with an address here."""
    password_link.send(username, site)
