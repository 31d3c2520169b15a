"""manage.py sandbox_seed --settings lti.sandbox.settings: the course of the demo."""

from django.core.management.base import BaseCommand

from lti.sandbox import people, platform
from lti.sandbox.models import Course, LineItem, ResourceLink

_LINKS = (
    ("claims-escalation", "When to escalate a claim", "Talk with a senior colleague about three kinds of claim."),
    ("specific-feedback", "Giving specific feedback", "Talk with somebody whose work has slipped."),
)


class Command(BaseCommand):
    help = "The demo's course, people and placed activities; running it again changes nothing."

    def handle(self, **options):
        platform.key()
        for username in ("instructor", "learner1", "learner2", "learner3"):
            people.find_or_make(username)
        course, _ = Course.objects.get_or_create(
            label="HARD-AUTUMN", defaults={"title": "Hard conversations, autumn term"}
        )
        for slug, title, description in _LINKS:
            link, _ = ResourceLink.objects.get_or_create(
                slug=slug,
                defaults={
                    "course": course,
                    "title": title,
                    "description": description,
                    "custom": {"activity": slug},
                },
            )
            reviewed = {"reviewableStatus": ["Submitted", "Completed"], "url": platform.tool_launch_url()}
            column = {"course": course, "label": title, "maximum": 100, "submission_review": reviewed}
            LineItem.objects.get_or_create(link=link, defaults=column)
        self.stdout.write(f"{course}: {course.links.count()} activities.")
