"""From a launch that may come in to the page where its visit begins."""

from django.http import HttpRequest, HttpResponse

from coachtool.attempts import access
from coachtool.site.responses import SeeOther
from lti import browser_session


def arrive(request: HttpRequest, *, onward: str = "", **visit) -> HttpResponse:
    """Admit the browser to a visit (the arguments of access.admit) and lead it to its page `onward`, or its home.

    `request.login`, where a launch answered one, says whether the browser keeps
    our cookies. Where it does not, the visit lives in its address.
    """
    login = getattr(request, "login", None)
    if login is not None and not login.by_cookie:
        return SeeOther(f"/v/{access.admit(None, **visit).id}/{onward}")
    with browser_session.alone(request) as session:
        admitted = access.admit(session, **visit)
        if login is not None:
            browser_session.remember(session, login.state, admitted.id)
    response = SeeOther(f"/v/{admitted.id}/{onward}")
    browser_session.send_cookie(response, request.session)
    return response
