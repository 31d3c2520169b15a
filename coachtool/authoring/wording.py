"""What a key point's words alone give away: nothing that can be heard, or two things in one."""

from __future__ import annotations

import re

_STATE = (
    r"understands?|understanding|is aware|are aware|be aware|awareness|knows? (about|how)|appreciates?|"
    r"is familiar|is comfortable|feels?|thinks? about|realis\w+|realiz\w+|internalis\w+|internaliz\w+|values?"
)
_QUALITY = (
    r"communicates?( \w+)?|is professional|professional(ly|ism)?|appropriate(ly)?|effective(ly)?|properly|"
    r"adequate(ly)?|good (manner|communication|attitude|listening)|well|nice(ly)?|"
    r"positive(ly)?|confident(ly)?|suitabl[ey]|"
    r"shows? (empathy|respect|interest|confidence|understanding)|is (polite|friendly|empathetic|respectful|helpful|"
    r"clear|confident)|handles? (it|the \w+|this)|deals? with|manages? the|builds? rapport|active listening"
)
_VAGUE = re.compile(rf"\b({_STATE}|{_QUALITY})\b", re.IGNORECASE)
_HEARD = re.compile(
    r"\b(says?|names?|asks?|states?|tells?|mentions?|explains?|offers?|proposes?|suggests?|agrees?|apologi[sz]es?|"
    r"thanks?|confirms?|repeats?|summari[sz]es?|describes?|gives?|points? out|invites?|promises?|announces?|greets?|"
    r"checks?|identif\w+|acknowledges?|introduces?|refers?|escalates?|lists?)\b",
    re.IGNORECASE,
)
_DEED = (
    r"says?|names?|asks?|states?|tells?|mentions?|explains?|offers?|proposes?|suggests?|agrees?|apologi[sz]es?|thanks?|"
    r"confirms?|repeats?|summari[sz]es?|describes?|gives?|points? out|invites?|promises?|announces?|greets?|checks?|"
    r"identif\w+|acknowledges?|introduces?|refers?|escalates?|lists?|attaches|sends?|calls?|writes?|sets?|hands?"
)
_TWO = re.compile(
    rf"\b(?P<one>{_DEED})\b.+?(?P<joint>\band( then)?|;|,? as well as) (also |then )?(?P<other>{_DEED})\b",
    re.IGNORECASE,
)


def vague(text: str) -> str:
    """The word in `text` that nobody can hear in a conversation; empty when a deed to be heard is named."""
    found = _VAGUE.search(text)
    if not found:
        return ""
    strong = re.search(rf"^\W*(the \w+ )?({_STATE}|{_QUALITY})\b", text, re.IGNORECASE)
    return found[0] if strong or not _HEARD.search(text[: found.start()]) else ""


def two_deeds(text: str) -> tuple[str, str] | None:
    """The two things that one key point asks for, where it names two: each would need a point of its own."""
    found = _TWO.search(text)
    if not found:
        return None
    return found["one"].lower(), found["other"].lower()


def first_deed(text: str) -> str:
    """`text` up to where a second thing begins; the whole of it where there is only one."""
    found = _TWO.search(text)
    return text[: found.start("joint")].rstrip(" ,;") if found else text
