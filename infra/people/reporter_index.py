"""The blind index of reporters: keyed marks of what a person can be found by.

The key follows from the fingerprint key, under a label of its own.
"""

from __future__ import annotations

import hashlib
import hmac

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.lists.reporters import Identifier, Marker

_LABEL = b"xiezhi reporter marks 1"


def marker(fingerprint_key: str) -> Marker:
    """What makes marks under this key. With another key every mark is another one: `xiezhi rebuild reporters`."""
    key = HKDF(algorithm=SHA256(), length=32, salt=None, info=_LABEL).derive(fingerprint_key.encode())

    def marked(identifier: Identifier) -> str:
        return hmac.new(key, f"{identifier.kind}\n{identifier.value}".encode(), hashlib.sha256).hexdigest()

    return marked
