"""Why a login or a launch is refused, in words for the person in front of the page."""

from typing import NamedTuple


class Wording(NamedTuple):
    """HTTP status; what happened; what to do next."""

    status: int
    happened: str
    remedy: str


_REOPEN = "Go back to your course and open the activity again."
_ADMINISTRATOR = "Please tell your LMS administrator; the reference below says what to look at."

WORDINGS = {
    "login_incomplete": Wording(400, "Your LMS began to open this activity, but left something out.", _ADMINISTRATOR),
    "unknown_platform": Wording(
        403, "This LMS is not connected to us.", "Ask your LMS administrator to register this tool."
    ),
    "ambiguous_client": Wording(400, "Your LMS did not say which of its registrations this is.", _ADMINISTRATOR),
    "deployment_refused": Wording(
        403, "This installation of the tool has not been switched on.", "Ask your LMS administrator to activate it."
    ),
    "foreign_target": Wording(400, "Your LMS asked us to open an address that is not ours.", _ADMINISTRATOR),
    "launch_incomplete": Wording(400, "This page opens from a course only.", _REOPEN),
    "platform_refused": Wording(
        401,
        "Your LMS did not confirm who you are.",
        "Sign in to your LMS again, then open the activity from your course.",
    ),
    "state_spent": Wording(
        403, "This way in has been used already, or waited for too long.", _REOPEN + " Each opening works once."
    ),
    "other_browser": Wording(403, "Your browser did not bring back the cookie that we gave it.", _REOPEN),
    "token_unreadable": Wording(400, "What your LMS sent to us could not be read.", _ADMINISTRATOR),
    "token_signature": Wording(401, "We could not verify that this comes from your LMS.", _ADMINISTRATOR),
    "platform_keys": Wording(
        401,
        "Your LMS did not give us the keys to verify this with.",
        "Wait a minute and open the activity again; if it stays so, tell your LMS administrator.",
    ),
    "token_identity": Wording(401, "What your LMS sent was meant for somebody else.", _ADMINISTRATOR),
    "token_time": Wording(
        401,
        "What your LMS sent is out of date.",
        "Go back to your course and open the activity again; if it stays so, the clock of your LMS may be wrong.",
    ),
    "token_nonce": Wording(403, "This launch does not belong to the login that began it.", _REOPEN),
    "message_unsupported": Wording(
        400, "Your LMS opened this activity in a way that we do not support.", _ADMINISTRATOR
    ),
    "message_malformed": Wording(400, "What your LMS sent is incomplete or out of shape.", _ADMINISTRATOR),
    "deep_linking_role": Wording(
        403, "Only instructors choose a course’s activities.", "Ask your instructor to add the activity."
    ),
    "deep_linking_types": Wording(
        400,
        "Your LMS asked for something other than an activity.",
        "Start again where your LMS adds an activity, an assignment or an external tool to the course.",
    ),
    "deep_linking_settings": Wording(
        400, "Your LMS did not say properly what may be added to the course.", _ADMINISTRATOR
    ),
    "deep_linking_return": Wording(
        400, "Your LMS did not say where your choice of activity should go.", _ADMINISTRATOR
    ),
    "review_of_others": Wording(403, "You can open your own conversations only.", _REOPEN),
    "review_unknown": Wording(
        404,
        "Nobody has opened an activity of ours for this column of the gradebook yet.",
        "Open the activity from your course; its conversations and reports are there.",
    ),
}


class Refusal(Exception):
    """A login or launch that must not go on. `detail` is for the log and the administrator, never personal data."""

    def __init__(self, code: str, detail: str):
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.wording = WORDINGS[code]
