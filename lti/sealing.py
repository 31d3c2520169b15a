"""Secrets at rest: sealed with a key derived from SECRET_KEY, so that a copy of the database alone reveals none."""

import base64
import functools

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_MARK = "fernet:"
_PURPOSE = b"coachtool tool key"


class Unreadable(Exception):
    """It was sealed with a SECRET_KEY that is not known any more."""


def seal(plain: str) -> str:
    return _MARK + _box().encrypt(plain.encode()).decode()


def unseal(stored: str) -> str:
    """What was sealed, or what was stored before sealing; raises Unreadable."""
    if not is_sealed(stored):
        return stored
    try:
        return _box().decrypt(stored.removeprefix(_MARK).encode()).decode()
    except InvalidToken:
        raise Unreadable from None


def is_sealed(stored: str) -> bool:
    return stored.startswith(_MARK)


def _box() -> MultiFernet:
    """Seals with SECRET_KEY, reads what SECRET_KEY_FALLBACKS sealed too."""
    return MultiFernet([_fernet(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


@functools.lru_cache(maxsize=8)
def _fernet(secret: str) -> Fernet:
    derived = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
