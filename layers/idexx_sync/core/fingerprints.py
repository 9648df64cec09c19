"""Fingerprints: keyed hashes of private values, which tell whether a value has changed.

The key is a secret of its own, apart from the one that seals. Every fingerprint names the key that
made it, so that one of another key is known to tell nothing.
"""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from pydantic import SecretStr

from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.core.imprints import Imprints, imprint_of
from idexx_sync.core.sealing import decoded_key


@dataclass(frozen=True, slots=True)
class FingerprintKeys:
    """The keys whose fingerprints can be judged, by their ids; the first one makes new ones."""

    by_id: dict[str, bytes] = field(repr=False)

    @property
    def current(self) -> str:
        """The id of the key that makes new fingerprints."""
        return next(iter(self.by_id))

    @property
    def imprints(self) -> Imprints:
        """By what a database knows these keys."""
        return Imprints("fingerprint_key", tuple(map(imprint_of, self.by_id.values())))


_ENCODER: Final = json.JSONEncoder(sort_keys=True, default=str)
"""Made once: a run makes hundreds of fingerprints, and this would cost more than the hash."""
NO_KEYS: Final = FingerprintKeys({"none": b""})
"""For who has no secrets: every fingerprint that is stored tells nothing."""


def read_fingerprint_keys(fingerprint_key: SecretStr) -> FingerprintKeys:
    """The setting's one or two keys; ConfigurationInvalid unless each has 32 bytes."""
    keys = [decoded_key(text) for text in fingerprint_key.get_secret_value().split()]
    known = {_id_of(key): key for key in keys if key is not None}
    if len(keys) not in (1, 2) or len(known) != len(keys):
        raise ConfigurationInvalid(
            "IDEXX_SYNC_FINGERPRINT_KEY must be the base64 of 32 random bytes, or two different "
            "such texts with a blank between them while it is being replaced, the new one first; "
            "make one with: openssl rand -base64 32",
            code="fingerprint_key",
        )
    return FingerprintKeys(known)


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """Makes and judges the fingerprints of one clinic.

    The clinic is part of each: equal values of two clinics have different fingerprints.
    """

    keys: FingerprintKeys
    clinic_id: UUID

    def of(self, value: Any) -> str:
        """The id of the key, a colon and 22 characters; equal values have equal fingerprints."""
        return self._made(self.keys.current, value)

    def is_of(self, remembered: str, value: Any) -> bool | None:
        """Whether the remembered fingerprint is the value's; None: it was made with another key
        than those of the setting, and tells nothing."""
        key_id = remembered.partition(":")[0]
        if key_id not in self.keys.by_id:
            return None
        return remembered == self._made(key_id, value)

    def _made(self, key_id: str, value: Any) -> str:
        told = self.clinic_id.bytes + _ENCODER.encode(value).encode()
        digest = hmac.digest(self.keys.by_id[key_id], told, hashlib.sha256)
        return f"{key_id}:{base64.urlsafe_b64encode(digest[:16]).rstrip(b'=').decode()}"


def _id_of(key: bytes) -> str:
    """A short hash of the key itself, so that no two keys go under one id."""
    return hashlib.sha256(b"idexx-sync fingerprint key " + key).hexdigest()[:8]
