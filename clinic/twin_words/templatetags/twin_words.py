"""Template filters: what the twins say, in the language of the page, ``{{ finding.sentence|said }}``."""

from django import template

from clinic.twin_words.said import said, said_each

register = template.Library()
register.filter("said", said)
register.filter("said_each", said_each)
