"""What people send us to start an attempt."""

from django import forms

from coachtool.attempts import sensing, sharing
from coachtool.attempts.models import Attempt

AI_DISCLOSURE = "v1"  # the wording in templates/attempts/_disclosure.html; a new wording is a new version

_NO = ("", "0", "false", "off", "no", "none")


class Consent(forms.CheckboxInput):
    """A tick as browsers and other clients send it; anything that reads as no is no."""

    def value_from_datadict(self, data, files, name):
        return str(data.get(name, "")).strip().lower() not in _NO


class StartForm(forms.Form):
    """Voice or text, and consent per device.

    Whether voice and face may be sensed is only asked where the site's policy allows it; elsewhere there are no such
    fields, and what is posted under their names is not read.
    """

    modality = forms.ChoiceField(
        choices=Attempt.Modality.choices,
        error_messages={
            "required": "Choose how you would like to talk: by voice or in writing.",
            "invalid_choice": "Choose how you would like to talk: by voice or in writing.",
        },
    )
    microphone = forms.BooleanField(required=False, widget=Consent)
    sense_voice = forms.BooleanField(required=False, widget=Consent)
    sense_face = forms.BooleanField(required=False, widget=Consent)
    without_memory = forms.BooleanField(required=False, widget=Consent)
    share = forms.ChoiceField(
        required=False,
        initial=sharing.QUESTION,
        choices=[(sharing.QUESTION, "Only my question"), (sharing.EXCERPT, "My question and the talk around it")],
        error_messages={"invalid_choice": "Choose what goes to a person with your question."},
    )
    share_name = forms.BooleanField(required=False, widget=Consent)
    ai_disclosure = forms.BooleanField(
        widget=Consent,
        error_messages={"required": "Please confirm that you know you will be talking with an AI, then start again."},
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if not sensing.allowed():
            del self.fields["sense_voice"], self.fields["sense_face"]

    def clean(self):
        values = super().clean()
        if values.get("modality") == Attempt.Modality.VOICE and not values.get("microphone"):
            self.add_error("microphone", "To talk by voice, allow the microphone; or choose to write instead.")
        return values

    @property
    def consent(self) -> dict:
        """What was agreed to, for the attempt's record; in writing, neither microphone nor camera is ever used."""
        values = self.cleaned_data
        voice = values["modality"] == Attempt.Modality.VOICE
        sense_face = voice and values.get("sense_face", False)
        return {
            "microphone": voice and values["microphone"],
            "camera": sense_face,
            "sense_voice": voice and values.get("sense_voice", False),
            "sense_face": sense_face,
            "ai_disclosure": AI_DISCLOSURE,
            "memory": not values["without_memory"],
            "share": values["share"] or sharing.QUESTION,
            "share_name": values["share_name"],
        }
