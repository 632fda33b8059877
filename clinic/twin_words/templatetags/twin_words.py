"""Template filter: a sentence of the twins in the language of the page, ``{{ finding.sentence|said }}``."""

from django import template

from clinic.twin_words.said import said

register = template.Library()
register.filter("said", said)
