"""Where platforms differ in what they make of the same message (see the vendors' own documentation)."""

from lti.models import Registration

_CANVAS_ISSUERS = (
    "https://canvas.instructure.com",
    "https://canvas.beta.instructure.com",
    "https://canvas.test.instructure.com",
)


def is_canvas(registration: Registration) -> bool:
    """Canvas takes a submission along with a score, and shows a provisional score as a grade."""
    return registration.product.lower() == "canvas" or registration.issuer.rstrip("/") in _CANVAS_ISSUERS


def makes_no_line_items(registration: Registration) -> bool:
    """Brightspace leaves it to the tool to make the line item of a resource link."""
    product = registration.product.lower()
    return any(name in product for name in ("desire2learn", "d2l", "brightspace"))
