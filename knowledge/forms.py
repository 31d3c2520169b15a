"""What an instructor sends: a collection's name, a web address with its bounds, a question to try."""

from __future__ import annotations

from django import forms

from knowledge.actions import DEEPEST, MOST_PAGES, Refused

_DEPTHS = {0: "This page only", 1: "And the pages that it links to"}


class CollectionForm(forms.Form):
    """A new collection, or another name for one."""

    name = forms.CharField(
        max_length=200,
        error_messages={
            "required": "Give the collection a name, such as “Claims handbook”.",
            "max_length": "Please keep the name under 200 characters.",
        },
    )


class AddressForm(forms.Form):
    """A web address, how many links far and how many pages at most."""

    url = forms.URLField(
        max_length=2000,
        assume_scheme="https",
        error_messages={
            "required": "Write a web address, such as https://www.example.org/handbook.",
            "invalid": "This is not a whole web address. Write it as in https://www.example.org/handbook.",
            "max_length": "This address is too long; use one with at most 2,000 characters.",
        },
    )
    depth = forms.TypedChoiceField(
        coerce=int,
        initial=0,
        choices=[(links, _DEPTHS.get(links, f"{links} links far")) for links in range(DEEPEST + 1)],
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose how far the links are followed."),
    )
    pages = forms.IntegerField(
        min_value=1,
        max_value=MOST_PAGES,
        initial=20,
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"), f"Pages: a whole number from 1 to {MOST_PAGES}."
        ),
    )


class QuestionForm(forms.Form):
    """A question to try on a collection."""

    q = forms.CharField(
        max_length=500,
        error_messages={
            "required": "Write a question as a learner would ask it.",
            "max_length": "Please keep the question under 500 characters.",
        },
    )


def refuse(form: forms.Form, refused: Refused) -> None:
    """Put what an action said to its field; to the form's head where it has no such field."""
    form.add_error(refused.field if refused.field in form.fields else None, refused.sentence)
