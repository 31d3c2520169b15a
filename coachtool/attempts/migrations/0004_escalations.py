import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("attempts", "0003_memory"),
    ]

    operations = [
        migrations.AddField(
            model_name="escalation",
            name="severity",
            field=models.CharField(blank=True, max_length=6),
        ),
        migrations.AddField(
            model_name="escalation",
            name="shared",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="escalation",
            name="assigned_to",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="attempts.person",
            ),
        ),
        migrations.AddField(
            model_name="escalation",
            name="assigned",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="escalation",
            name="seen",
            field=models.DateTimeField(null=True),
        ),
    ]
