import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("records", "0002_append_only"),
    ]

    operations = [
        migrations.CreateModel(
            name="IssuedCard",
            fields=[
                ("uuid", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("service", models.CharField(max_length=64)),
                ("client", models.CharField(max_length=64)),
                ("hook_instance", models.UUIDField()),
                ("kind", models.CharField(max_length=32)),
                ("drug", models.CharField(max_length=64)),
                (
                    "indicator",
                    models.CharField(
                        choices=[("info", "for information"), ("warning", "warning"), ("critical", "critical")],
                        max_length=8,
                    ),
                ),
                ("suggestions", models.JSONField(blank=True, default=list)),
                ("issued_at", models.DateTimeField(auto_now_add=True)),
                (
                    "comparison",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="records.comparison",
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="records.job",
                    ),
                ),
                (
                    "subject",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="records.subject",
                    ),
                ),
                (
                    "twin_version",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="records.twinversion",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Feedback",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "outcome",
                    models.CharField(
                        choices=[("accepted", "a suggestion was accepted"), ("overridden", "the card was overridden")],
                        max_length=10,
                    ),
                ),
                ("accepted", models.JSONField(blank=True, default=list)),
                ("reason_system", models.CharField(blank=True, default="", max_length=200)),
                ("reason_code", models.CharField(blank=True, default="", max_length=100)),
                ("reason_display", models.CharField(blank=True, default="", max_length=200)),
                ("comment", models.TextField(blank=True, default="")),
                ("outcome_at", models.DateTimeField()),
                ("received_at", models.DateTimeField(auto_now_add=True)),
                (
                    "card",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="feedback", to="cds_hooks.issuedcard"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="UsedToken",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("issuer", models.CharField(max_length=300)),
                ("jti_sha256", models.CharField(max_length=64)),
                ("expires", models.DateTimeField(db_index=True)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("issuer", "jti_sha256"), name="cds_token_once")],
            },
        ),
        migrations.AddIndex(
            model_name="issuedcard",
            index=models.Index(fields=["service", "issued_at"], name="cds_card_by_service"),
        ),
        migrations.AddConstraint(
            model_name="issuedcard",
            constraint=models.CheckConstraint(
                condition=models.Q(("twin_version__isnull", True), ("subject__isnull", False), _connector="OR"),
                name="cds_card_of_a_twin_has_its_subject",
            ),
        ),
        migrations.AddIndex(
            model_name="feedback",
            index=models.Index(fields=["outcome_at"], name="cds_feedback_by_time"),
        ),
        migrations.AddConstraint(
            model_name="feedback",
            constraint=models.UniqueConstraint(fields=("card", "outcome", "outcome_at"), name="cds_feedback_once"),
        ),
        migrations.AddConstraint(
            model_name="feedback",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("outcome", "overridden"), models.Q(("comment", ""), ("reason_code", "")), _connector="OR"
                ),
                name="cds_reason_only_of_an_override",
            ),
        ),
    ]
