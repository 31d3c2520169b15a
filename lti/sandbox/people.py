"""Who may be somebody here: one instructor and up to 999 learners, made when they first come."""

import re

from django.http import HttpRequest

from lti.sandbox.models import User

LEARNERS = 999
_NAMED = {1: ("Ada", "Osei"), 2: ("Ben", "Fischer"), 3: ("Chloé", "Martin")}
_GIVEN = ("Amir", "Bea", "Caleb", "Dina", "Emil", "Farah", "Goran", "Hana", "Ivo", "Jana", "Kofi", "Lena")
_FAMILY = ("Adler", "Baptiste", "Cohen", "Dvořák", "Eriksen", "Ferrari", "Gomez", "Haddad", "Ito", "Jansen", "Kaya")
_LEARNER = re.compile(r"learner([1-9]\d{0,2})")


def find_or_make(username: str) -> User | None:
    """The user; None when nobody can be called that."""
    if username == "instructor":
        values = {"sub": "u-2", "given_name": "Iris", "family_name": "Novak", "instructor": True}
    else:
        match = _LEARNER.fullmatch(username)
        number = int(match[1]) if match else 0
        if not 1 <= number <= LEARNERS:
            return None
        given, family = _NAMED.get(number) or (_GIVEN[number % len(_GIVEN)], _FAMILY[number % len(_FAMILY)])
        values = {"sub": f"u-{100 + number}", "given_name": given, "family_name": family}
    return User.objects.get_or_create(username=username, defaults=values)[0]


def viewer(request: HttpRequest) -> User | None:
    """Who is signed in."""
    username = request.session.get("username")
    return User.objects.filter(username=username).first() if username else None


def seen_by(request: HttpRequest) -> dict:
    """Template context: the person who is looking."""
    return {"viewer": viewer(request) if hasattr(request, "session") else None}
