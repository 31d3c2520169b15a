"""RSA keys as PEM and as JWK; no storage."""

import base64
import functools
import hashlib
import json

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


def generate_pem() -> str:
    """A new 2048-bit RSA private key, PEM (PKCS #8)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@functools.lru_cache(maxsize=32)
def private_key(pem: str) -> rsa.RSAPrivateKey:
    """The key that a PEM holds. Reading one costs tens of milliseconds of checks, hence the cache."""
    return serialization.load_pem_private_key(pem.encode(), None)


def public_jwk(private_pem: str) -> dict:
    """The public half as a JWK whose kid is its RFC 7638 thumbprint."""
    numbers = private_key(private_pem).public_key().public_numbers()
    members = {"e": _unsigned(numbers.e), "kty": "RSA", "n": _unsigned(numbers.n)}
    digest = hashlib.sha256(json.dumps(members, separators=(",", ":"), sort_keys=True).encode()).digest()
    return {**members, "kid": _base64url(digest), "alg": "RS256", "use": "sig"}


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unsigned(number: int) -> str:
    return _base64url(number.to_bytes((number.bit_length() + 7) // 8, "big"))
