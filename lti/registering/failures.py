"""Why a Dynamic Registration did not work, in words for the administrator in front of the page."""

from typing import NamedTuple


class Wording(NamedTuple):
    """HTTP status; what happened; what to do next."""

    status: int
    happened: str
    remedy: str


_AGAIN = "Start the registration again in your LMS."
_PLATFORM = "This is for whoever runs your LMS; you can also register by hand on the registration page."

WORDINGS = {
    "invitation": Wording(
        404,
        "This invitation is unknown or has expired.",
        "Ask whoever runs this tool for a new one. They make it with: manage.py lti_invite",
    ),
    "closed": Wording(
        403,
        "Registering needs an invitation.",
        "Ask whoever runs this tool for an invitation link; it has its own registration URL for your LMS.",
    ),
    "used": Wording(
        403,
        "This invitation has connected another LMS.",
        "Ask whoever runs this tool for an invitation of your own.",
    ),
    "taken": Wording(
        409,
        "This client ID is connected already.",
        "Nothing needs to be done. To change the connection, ask whoever runs this tool for an invitation to it.",
    ),
    "address": Wording(
        400,
        "Your LMS did not say where its configuration is, or the address is malformed.",
        "Paste this page's address into your LMS's dynamic registration, instead of opening it yourself.",
    ),
    "private_address": Wording(
        400,
        "The address that your LMS gave leads into a private network or is not https.",
        "Whoever runs this tool can allow that with COACHTOOL_ALLOW_PRIVATE_ADDRESSES.",
    ),
    "unreachable": Wording(
        502,
        "We could not reach your LMS at the address that it gave.",
        "Check that it can be reached from the internet, then " + _AGAIN[0].lower() + _AGAIN[1:],
    ),
    "token_missing": Wording(
        401,
        "Your LMS wants a registration token, and the address it opened had none.",
        "Start the registration in your LMS, as its administrator, instead of opening this page yourself.",
    ),
    "token_refused": Wording(
        401,
        "Your LMS does not accept the registration token any more; it has been used before, or has expired.",
        _AGAIN + " Each start is good once.",
    ),
    "issuer_mismatch": Wording(
        400,
        "Your LMS's configuration names an issuer on another host than its own address.",
        _PLATFORM,
    ),
    "endpoint_mismatch": Wording(
        400,
        "Your LMS's configuration sends the registration to another host than its own address.",
        _PLATFORM,
    ),
    "incomplete": Wording(400, "Your LMS's configuration leaves something out, or has it in a wrong form.", _PLATFORM),
    "unsupported": Wording(400, "Your LMS does not offer the security that LTI 1.3 requires.", _PLATFORM),
    "not_json": Wording(502, "What your LMS answered could not be read.", _PLATFORM),
    "refused": Wording(502, "Your LMS did not accept the registration.", _PLATFORM),
    "fault": Wording(502, "Your LMS answered with an error of its own.", "Wait a minute. " + _AGAIN),
    "no_client_id": Wording(502, "Your LMS answered without a client ID, so nothing could be connected.", _PLATFORM),
}


class Failed(Exception):
    """The registration cannot go on. `detail` may be shown to the administrator: no secrets."""

    def __init__(self, code: str, detail: str = ""):
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.wording = WORDINGS[code]
