"""Template filters: the texts of a model's card, and the mistakes of a hospital's own."""

from django import template
from django.utils.html import format_html
from django.utils.translation import get_language, gettext

from clinic.charts import words
from clinic.twin_words.said import said
from twins.pharmacology import hospital_remedies as remedies
from twins.pharmacology.hospital_findings import Mistake
from twins.quantities.unit import readable

register = template.Library()
register.filter("inside", words.inside)
register.filter("readable", readable)


@register.filter
def noted(text: str) -> str:
    """What a card says, in the language of the page; marked as English where it is quoted or a hospital's own."""
    found = said(text)
    if found != text or (get_language() or "en").startswith("en") or not any(letter.isalpha() for letter in text):
        return found
    return format_html('<span lang="en">{}</span>', text)


@register.simple_tag
def mistake(file: str, one: Mistake) -> str:
    """A mistake of a hospital's model file: what the file itself says stays as it is, and the rest is said."""
    return format_html(
        gettext("{file}: {key} is {value}; {remedy}"),
        file=_of_a_file(file),
        key=said(one.key) if one.key in remedies.WHOLE else _of_a_file(one.key),
        value=said(one.value) if one.value in remedies.STATES else _of_a_file(one.value),
        remedy=noted(one.remedy),
    )


def _of_a_file(text: str) -> str:
    if (get_language() or "en").startswith("en"):
        return text
    return format_html('<span translate="no">{}</span>', text)
