"""One-time codes and webhook secrets. Both follow from the fingerprint key and the address's reference: none is stored.

With another fingerprint key every secret is another one, and receivers must be given theirs again.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from uuid import UUID

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_LABEL = b"xiezhi notices 1"
CODE_DIGITS = 8


class NoticeKeys:
    """What is derived for an address."""

    def __init__(self, fingerprint_key: str) -> None:
        self._key = HKDF(algorithm=SHA256(), length=32, salt=None, info=_LABEL).derive(fingerprint_key.encode())

    def code(self, ref: UUID) -> str:
        """The code that proves somebody reads what is sent there."""
        return str(int.from_bytes(self._derived(b"code", ref), "big") % 10**CODE_DIGITS).zfill(CODE_DIGITS)

    def fits(self, ref: UUID, code: str) -> bool:
        """Whether this is the code, in constant time."""
        return hmac.compare_digest(self.code(ref).encode(), code.encode())

    def secret(self, ref: UUID) -> str:
        """The secret of a webhook as its receiver is given it (Standard Webhooks: `whsec_` and base64)."""
        return f"whsec_{base64.b64encode(self._derived(b'webhook', ref)).decode()}"

    def signature(self, ref: UUID, id: str, timestamp: int, body: bytes) -> str:
        """The signature of a message under that secret (Standard Webhooks v1: HMAC-SHA256 over id, time and body)."""
        return signature(self._derived(b"webhook", ref), id, timestamp, body)

    def _derived(self, label: bytes, ref: UUID) -> bytes:
        return hmac.new(self._key, label + b"\n" + ref.bytes, hashlib.sha256).digest()


def signature(key: bytes, id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`; `timestamp` in Unix seconds."""
    signed = f"{id}.{timestamp}.".encode() + body
    return f"v1,{base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}"
