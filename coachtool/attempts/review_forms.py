"""What an instructor and a learner send about a judged attempt."""

from django import forms

from coachtool.attempts.models import ObjectiveOutcome

_LONGEST = 2000
_TOO_LONG = f"Please keep it under {_LONGEST:,} characters."


def _text(required: str = "", rows: int = 2) -> forms.CharField:
    return forms.CharField(
        required=bool(required),
        max_length=_LONGEST,
        widget=forms.Textarea(attrs={"rows": rows}),
        error_messages={"required": required, "max_length": _TOO_LONG},
    )


class ReviewForm(forms.Form):
    """An instructor's verdict on an objective. To take a verdict back is to choose the judge's again."""

    verdict = forms.ChoiceField(
        choices=ObjectiveOutcome.Verdict.choices,
        error_messages={"required": "Choose a verdict.", "invalid_choice": "Choose a verdict."},
    )
    note = _text()


class DisputeForm(forms.Form):
    """Why the learner sees it differently."""

    reason = _text("Write in a sentence or two why you see it differently.", rows=3)


class DisputeAnswerForm(forms.Form):
    """The instructor's answer; `verdict` may stay as it is."""

    verdict = forms.ChoiceField(
        choices=ObjectiveOutcome.Verdict.choices,
        error_messages={
            "required": "Choose whether the verdict stays or changes.",
            "invalid_choice": "Choose whether the verdict stays or changes.",
        },
    )
    answer = _text("Write an answer first; the learner reads it on the report page.", rows=3)


class GradeForm(forms.Form):
    """A grade of the instructor's own, in points of `maximum`."""

    points = forms.FloatField()
    note = _text()

    def __init__(self, *args, maximum: float, **kwargs):
        super().__init__(*args, **kwargs)
        span = f"Give points from 0 to {maximum:g}."
        self.fields["points"] = forms.FloatField(
            min_value=0,
            max_value=maximum,
            error_messages={"required": span, "invalid": span, "min_value": span, "max_value": span},
        )
