import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from twins.records.append_only import Unique, append_only, taken_back

DECISION = "decisions_decision"
BEFORE = (Unique(("id",)), Unique(("comparison_id",)))


class Migration(migrations.Migration):
    dependencies = [
        ("decisions", "0002_append_only"),
        ("records", "0003_glucose_channels"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        taken_back(append_only(DECISION, *BEFORE)),
        migrations.CreateModel(
            name="SecondSignature",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("agreed", models.BooleanField()),
                ("reason", models.CharField(blank=True, default="", max_length=1000)),
                ("decided_at", models.DateTimeField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="decision",
            name="one_decision_a_comparison",
        ),
        migrations.AddField(
            model_name="decision",
            name="amends",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="amended_by",
                to="decisions.decision",
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="needs_second",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="decision",
            name="number",
            field=models.PositiveSmallIntegerField(default=1),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.UniqueConstraint(fields=("comparison", "number"), name="decision_number"),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(("number", 1), ("amends__isnull", False), _connector="OR"),
                name="a_further_decision_amends",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(("needs_second", False), ("chosen_plan__isnull", False), _connector="OR"),
                name="declining_needs_no_second",
            ),
        ),
        migrations.AddField(
            model_name="secondsignature",
            name="decided_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="second_signatures",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="secondsignature",
            name="decision",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="second", to="decisions.decision"
            ),
        ),
        migrations.AddField(
            model_name="secondsignature",
            name="first_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddConstraint(
            model_name="secondsignature",
            constraint=models.CheckConstraint(
                condition=models.Q(("decided_by", models.F("first_by")), _negated=True),
                name="the_second_is_another_person",
            ),
        ),
        migrations.AddConstraint(
            model_name="secondsignature",
            constraint=models.CheckConstraint(
                condition=models.Q(("agreed", True), models.Q(("reason", ""), _negated=True), _connector="OR"),
                name="refusal_has_reason",
            ),
        ),
        append_only(DECISION, Unique(("id",)), Unique(("comparison_id", "number")), Unique(("amends_id",))),
        append_only("decisions_secondsignature", Unique(("id",)), Unique(("decision_id",))),
    ]
