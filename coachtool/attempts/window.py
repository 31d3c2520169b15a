"""From the course's iframe into a window of its own.

Where the course's page does not hand the microphone on, the tool needs a
top-level window. Its cookies are partitioned there, so the session of the
iframe is not known in it: the visit is carried over by a key in the URL that
is signed, works once and for a minute only. Where the iframe kept no cookies,
the window is not made to depend on them either.
"""

import secrets

from django.core import signing
from django.core.cache import cache

from coachtool.attempts import addressed
from coachtool.attempts.access import NotAdmitted, Visit, admit, without_id
from coachtool.attempts.models import Course, Person, ResourceLink

SECONDS = 60
_SALT = "coachtool.attempts.window"


def key_for(visit: Visit) -> str:
    """A key that admits one more browser window to what `visit` may see."""
    carried = {
        "visit": without_id(visit),
        "addressed": addressed.is_address(visit.id),
        "once": secrets.token_urlsafe(9),
    }
    return signing.dumps(carried, salt=_SALT, compress=True)


def enter(session, key: str) -> Visit:
    """Admit this session by `key`; raises NotAdmitted if it is too old, was used or is not ours."""
    try:
        kept = signing.loads(key, salt=_SALT, max_age=SECONDS)
    except signing.BadSignature:
        raise NotAdmitted("This link has expired. Go back to your course and open the new window again.") from None
    if not cache.add(f"window:{kept['once']}", True, timeout=2 * SECONDS):
        raise NotAdmitted("This link was used already. Go back to your course and open the new window again.")
    visit = Visit(id="", **kept["visit"])
    return admit(
        None if kept["addressed"] else session,
        person=Person.objects.get(pk=visit.person_id),
        resource_link=ResourceLink.objects.filter(pk=visit.resource_link_id).first(),
        course=Course.objects.get(pk=visit.course_id),
        placing=visit.placing,
        role=visit.role,
        graded=visit.graded,
        return_url=visit.return_url,
    )
