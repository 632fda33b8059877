"""``{% explain "auc24" %}``: a button beside a word that says what it means, without script and by keyboard."""

from itertools import count
from typing import Any

from django import template
from django.template import Context

from clinic.site.glossary import TERMS

register = template.Library()


@register.inclusion_tag("help/explain.html", takes_context=True)
def explain(context: Context, name: str) -> dict[str, Any]:
    """Each has an id of its own, the same whenever the same page is rendered.

    Raises KeyError for a word that the glossary does not have: a template that names one is wrong.
    """
    request = context.get("request")
    numbers = getattr(request, "explained", None) or count(1)
    if request is not None:
        request.explained = numbers
    return {"term": TERMS[name], "anchor": f"{name}-{next(numbers)}"}
