"""What a learner sends about a memory."""

from __future__ import annotations

from dataclasses import replace

from django import forms

from coachtool.attempts import memory
from coachtool.attempts.models import Memory
from coachtool.coaching import guard
from coachtool.coaching.types import Turn

_LONGEST = 160


class CorrectForm(forms.Form):
    """How it was, in the learner's words; empty takes a correction back."""

    words = forms.CharField(
        required=False,
        max_length=_LONGEST,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"max_length": f"Please keep it under {_LONGEST} characters."},
    )

    def __init__(self, *args, memory: Memory, **kwargs):
        self.memory = memory
        super().__init__(*args, prefix=str(memory.pk), initial={"words": memory.words}, **kwargs)

    def clean_words(self) -> str:
        words = " ".join(self.cleaned_data["words"].split())
        if memory.private(words):
            raise forms.ValidationError("Leave numbers and addresses of people out; they are never remembered.")
        # A coach may speak these words, so they say nothing to its rules.
        plain = replace(self.memory.attempt.brief, guardrails=())
        if guard.check(plain, Turn(0, "learner", words)):
            raise forms.ValidationError("Say how it was; instructions for the scoring cannot be remembered.")
        return "" if words == self.memory.text else words
