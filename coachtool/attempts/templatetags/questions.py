"""How many questions wait for an instructor, for the tabs of every page."""

from django import template

from coachtool.attempts import escalations
from coachtool.attempts.access import Visit

register = template.Library()


@register.simple_tag
def waiting_questions(visit: Visit) -> int:
    return escalations.waiting(visit)
