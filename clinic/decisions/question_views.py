"""The form that questions a record, and the button that takes a question back."""

from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from clinic.access.gate import page
from clinic.access.permissions import patient_for
from clinic.access.roles import Permission
from clinic.decisions.question import REASON_LIMIT, ask, described, record_of, withdraw
from clinic.decisions.refusal import DecisionError
from twins.records.models import Question, QuestionAction


class QuestionForm(forms.Form):
    """What to do with the record, and why. Nothing is chosen beforehand."""

    action = forms.ChoiceField(
        choices=QuestionAction.choices, error_messages={"required": gettext_lazy("Choose what to do with the record.")}
    )
    new_time = forms.DateTimeField(
        required=False,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        error_messages={"invalid": gettext_lazy("This is no time; write it as 2026-11-22 14:05.")},
    )
    reason = forms.CharField(
        max_length=REASON_LIMIT,
        error_messages={"required": gettext_lazy("Say in a few words why you doubt the record.")},
    )


@page(Permission.DATA_QUESTION)
@require_http_methods(["GET", "HEAD", "POST"])
def question(request: HttpRequest, subject_key: UUID) -> HttpResponse:
    """Ask to leave one record out or to take it at another time."""
    patient = patient_for(request, subject_key)
    source_key = (request.POST if request.method == "POST" else request.GET).get("record", "").replace("\x00", "\ufffd")
    doubted = record_of(patient.subject, source_key)
    if doubted is None:
        raise Http404(_("No record in use has this name."))
    form = QuestionForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            ask(
                subject=patient.subject,
                source_key=source_key,
                action=QuestionAction(form.cleaned_data["action"]),
                new_time=form.cleaned_data["new_time"],
                reason=form.cleaned_data["reason"],
                by=request.user,
                actor=request.actor,
            )
        except DecisionError as error:
            form.add_error(None, str(error))
        else:
            return redirect("patient", patient.pk)
    content = {"section": "worklist", "patient": patient, "record": doubted, "what": described(doubted), "form": form}
    return render(request, "decisions/question.html", content, status=422 if form.is_bound else 200)


@page(Permission.DATA_QUESTION)
@require_POST
def question_withdraw(request: HttpRequest, question_id: int) -> HttpResponse:
    found = get_object_or_404(Question.objects.select_related("subject"), pk=question_id)
    patient = patient_for(request, found.subject_id)
    try:
        withdraw(question=found, by=request.user, actor=request.actor)
    except DecisionError as error:
        content = {"section": "worklist", "patient": patient, "problem": str(error)}
        return render(request, "decisions/refused.html", content, status=409)
    return redirect("patient", patient.pk)
