"""What people send us: starting an attempt, answering an escalation."""

from django import forms

from coachtool.attempts.models import Attempt, Escalation

AI_DISCLOSURE = "v1"  # the wording in templates/attempts/_disclosure.html; a new wording is a new version

_NO = ("", "0", "false", "off", "no", "none")


class Consent(forms.CheckboxInput):
    """A tick as browsers and other clients send it; anything that reads as no is no."""

    def value_from_datadict(self, data, files, name):
        return str(data.get(name, "")).strip().lower() not in _NO


class StartForm(forms.Form):
    """Voice or text, and consent per device. The camera is not used yet, so nobody is asked for it."""

    modality = forms.ChoiceField(
        choices=Attempt.Modality.choices,
        error_messages={
            "required": "Choose how you would like to talk: by voice or in writing.",
            "invalid_choice": "Choose how you would like to talk: by voice or in writing.",
        },
    )
    microphone = forms.BooleanField(required=False, widget=Consent)
    camera = forms.BooleanField(required=False, disabled=True, initial=False)
    ai_disclosure = forms.BooleanField(
        widget=Consent,
        error_messages={"required": "Please confirm that you know you will be talking with an AI, then start again."},
    )

    def clean(self):
        values = super().clean()
        if values.get("modality") == Attempt.Modality.VOICE and not values.get("microphone"):
            self.add_error("microphone", "To talk by voice, allow the microphone; or choose to write instead.")
        return values

    @property
    def consent(self) -> dict:
        """What was agreed to, for the attempt's record; in writing, the microphone is never used."""
        values = self.cleaned_data
        voice = values["modality"] == Attempt.Modality.VOICE
        return {"microphone": voice and values["microphone"], "camera": False, "ai_disclosure": AI_DISCLOSURE}


class AnswerForm(forms.ModelForm):
    """A reviewer's answer to an escalated question."""

    class Meta:
        model = Escalation
        fields = ["answer"]

    answer = forms.CharField(
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={
            "required": "Write your answer first; the learner reads it on the report page.",
            "max_length": "Please keep the answer under 4,000 characters.",
        },
    )
