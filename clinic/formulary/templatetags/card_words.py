"""Template filters: the texts of a model's card, which come from its publication or from who read it."""

from django import template
from django.utils.html import format_html
from django.utils.translation import get_language

from clinic.charts import words
from clinic.twin_words.said import said

register = template.Library()
register.filter("inside", words.inside)


@register.filter
def quoted(text: str) -> str:
    """In the language of the page if the catalogue has it, else as it was published and marked as English."""
    found = said(text)
    if found != text or not text or (get_language() or "en").startswith("en"):
        return found
    return format_html('<span lang="en">{}</span>', text)
