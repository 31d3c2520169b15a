"""The guided form: the few lines from which a first text is made."""

from django import forms

from coachtool.authoring import labels, outline, posted
from coachtool.authoring.first_text import Answers


def _required(message: str) -> dict[str, str]:
    return {"required": message}


class BeginForm(forms.Form):
    """Title, who, situation, and what should be heard."""

    title = forms.CharField(max_length=200, error_messages=_required("Give the activity a title."))
    name = forms.CharField(max_length=80, error_messages=_required("Give the persona a name."))
    role = forms.CharField(max_length=200, error_messages=_required("Say who they are, such as “claims team lead”."))
    face = forms.ChoiceField(choices=labels.FACES, initial="ruth", error_messages=_required("Choose a face."))
    situation = forms.CharField(
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages=_required("Describe the situation in a few sentences."),
    )
    learner_role = forms.CharField(max_length=200, required=False)
    heard = forms.CharField(
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages=_required("Write at least one thing that should be heard, one a line."),
    )
    opening = forms.CharField(max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs["id"] = f"f-{name}"

    def clean_heard(self) -> list[str]:
        heard = posted.lines(self.cleaned_data["heard"])
        if not heard:
            raise forms.ValidationError("Write at least one thing that should be heard, one a line.")
        if len(heard) > outline.MOST["point"]:
            raise forms.ValidationError(
                f"Begin with at most {outline.MOST['point']} lines; more objectives come later."
            )
        return heard

    def answers(self) -> Answers:
        """The form's values; call it when it is valid."""
        return Answers(**{**self.cleaned_data, "heard": tuple(self.cleaned_data["heard"])})
