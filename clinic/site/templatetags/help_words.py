"""``{% explain "auc24" %}``: a button beside a word that says what it means, without script and by keyboard."""

from typing import Any
from uuid import uuid4

from django import template

from clinic.site.glossary import TERMS

register = template.Library()


@register.inclusion_tag("help/explain.html")
def explain(name: str) -> dict[str, Any]:
    """Raises KeyError for a word that the glossary does not have: a template that names one is wrong."""
    return {"term": TERMS[name], "anchor": f"{name}-{uuid4().hex[:8]}"}
