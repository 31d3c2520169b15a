"""Template tags about the grade in the LMS."""

from django import template

from coachtool.attempts.models import Attempt
from lti import standing

register = template.Library()


@register.simple_tag
def grade_of(attempt: Attempt) -> standing.Own:
    """Where the grade of the attempt's learner stands."""
    return standing.own(attempt)
