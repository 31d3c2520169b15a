"""From the course's iframe into a window of its own.

Where the course's page does not hand the microphone on, the tool needs a
top-level window. Its cookies are partitioned there, so the session of the
iframe is not known in it: the visit is carried over by a key in the URL that
is signed, works once and for a minute only.
"""

import secrets
from dataclasses import asdict

from django.core import signing
from django.core.cache import cache

from coachtool.attempts.access import NotAdmitted, Visit, admit
from coachtool.attempts.models import Person, ResourceLink

SECONDS = 60
_SALT = "coachtool.attempts.window"


def key_for(visit: Visit) -> str:
    """A key that admits one more browser window to what `visit` may see."""
    return signing.dumps({"visit": asdict(visit), "once": secrets.token_urlsafe(9)}, salt=_SALT, compress=True)


def enter(session, key: str) -> Visit:
    """Admit this session by `key`; raises NotAdmitted if it is too old, was used or is not ours."""
    try:
        kept = signing.loads(key, salt=_SALT, max_age=SECONDS)
    except signing.BadSignature:
        raise NotAdmitted("This link has expired. Go back to your course and open the new window again.") from None
    if not cache.add(f"window:{kept['once']}", True, timeout=2 * SECONDS):
        raise NotAdmitted("This link was used already. Go back to your course and open the new window again.")
    visit = Visit(**kept["visit"])
    return admit(
        session,
        person=Person.objects.get(pk=visit.person_id),
        resource_link=ResourceLink.objects.get(pk=visit.resource_link_id),
        role=visit.role,
        graded=visit.graded,
        return_url=visit.return_url,
    )
