"""What a log must not hold."""

import logging
import re

_SECRET = re.compile(r"(~|/lti/registration/)[A-Za-z0-9_-]{20,}")


class HideAddresses(logging.Filter):
    """Takes secrets that are part of an address out of whatever is logged, also of requests that failed.

    They are those of visits without cookies, and of invitations to register an LMS.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            return True  # the handler reports it
        if _SECRET.search(message):
            record.msg, record.args = _SECRET.sub(r"\1…", message), None
        return True
