"""The fields for what stands on a wristband."""

from django import forms
from django.utils.translation import gettext_lazy


class WristbandForm(forms.Form):
    """Record number, and the date of birth where it is known."""

    record_number = forms.CharField(
        max_length=64, error_messages={"required": gettext_lazy("Enter the record number.")}
    )
    born = forms.DateField(
        required=False,
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": gettext_lazy("This is no date; write it as 1959-03-14.")},
    )
