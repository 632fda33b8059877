"""The languages that pages speak, each by its own name: who looks for theirs cannot be asked to read another."""

from django import template
from django.conf import settings

register = template.Library()


@register.simple_tag
def languages_by_own_name() -> list[tuple[str, str]]:
    """Code and name."""
    return list(settings.LANGUAGES)
