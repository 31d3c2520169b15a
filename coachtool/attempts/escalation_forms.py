"""What reviewers send about a question."""

from __future__ import annotations

from django import forms

from coachtool.attempts.models import Escalation, Person


class AnswerForm(forms.Form):
    """The answer to one question."""

    answer = forms.CharField(
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={
            "required": "Write your answer first; the learner finds it at the next visit.",
            "max_length": "Please keep the answer under 4,000 characters.",
        },
    )

    def __init__(self, *args, escalation: Escalation, **kwargs):
        super().__init__(*args, prefix=str(escalation.pk), **kwargs)


class AssignForm(forms.Form):
    """Who is to be on a question, and who `was` when the page was shown; empty stands for nobody."""

    to = forms.ModelChoiceField(Person.objects.none(), required=False)
    was = forms.IntegerField(required=False)

    def __init__(self, *args, reviewers: list[Person], **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = Person.objects.filter(pk__in=[person.pk for person in reviewers])
