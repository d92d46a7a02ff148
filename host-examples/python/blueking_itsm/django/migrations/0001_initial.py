"""The operations."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    operations = [
        migrations.CreateModel(
            name="Operation",
            fields=[
                ("id", models.CharField(editable=False, max_length=32, primary_key=True, serialize=False)),
                (
                    "subject",
                    models.CharField(
                        blank=True, help_text="The site's own name for what is asked for.", max_length=255
                    ),
                ),
                ("subject_key", models.CharField(editable=False, max_length=64, null=True, unique=True)),
                ("title", models.CharField(max_length=128)),
                ("creator", models.CharField(max_length=64)),
                ("approvers", models.TextField(blank=True)),
                ("requested_at", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                ("decide_by", models.DateTimeField(blank=True, null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("waiting", "waiting"), ("delivered", "delivered"), ("refused", "refused")],
                        db_index=True,
                        default="waiting",
                        max_length=16,
                    ),
                ),
                ("verdict", models.CharField(blank=True, help_text="How the ticket ended.", max_length=16)),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
                ("sn", models.CharField(blank=True, max_length=64, verbose_name="ticket")),
                ("ticket_url", models.TextField(blank=True)),
                ("report", models.TextField(blank=True, help_text="What a person has to know.")),
                ("due_s", models.BigIntegerField(db_index=True, editable=False, null=True)),
                ("version", models.BigIntegerField(default=0, editable=False)),
                ("ticket", models.TextField(editable=False)),
                ("record", models.TextField(blank=True, editable=False)),
                ("outcome_json", models.TextField(blank=True, editable=False)),
            ],
            options={
                "verbose_name": "operation",
            },
        ),
    ]
