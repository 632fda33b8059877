"""Form fields that take numbers as the page's language writes them."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from clinic.measures import numbers


class NumberField(forms.FloatField):
    """A number that a person types; what could be read as two is refused with a sentence that says how to write it.

    The widget is a field of text: one of numbers takes the browser's decimal sign, not the page's.
    """

    widget = forms.TextInput

    @property
    def takes_a_point(self) -> bool:
        """Whether a browser's own field for numbers sends what this page's language writes."""
        return numbers.decimal_sign() == "."

    def to_python(self, value: Any) -> float | None:
        if value in self.empty_values or not str(value).strip():
            return None
        try:
            return numbers.read(str(value))
        except numbers.UnreadableNumberError as error:
            if error.why is numbers.Unreadable.NO_NUMBER:
                raise ValidationError(self.error_messages["invalid"], code="invalid") from error
            raise ValidationError(str(error), code="invalid") from error

    def prepare_value(self, value: Any) -> Any:
        """What is typed already stays as it was; a number of ours gets the page's decimal sign."""
        return numbers.plain(value, 10) if isinstance(value, int | float) else value

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {"inputmode": "decimal", "autocomplete": "off", **super().widget_attrs(widget)}
