"""Sealing what must stay secret.

`seal` and `open_sealed` are the only two functions that touch a sealing key. AES-256-GCM with its
purpose and the clinic's id as additional data: a sealed value that was moved to another clinic's
row, or to another column, does not open.

What was sealed before purposes were bound still opens, so that no clinic stops; nobody without the
key can make more of it, and its readers take nothing of another shape than their own.
"""

import base64
import binascii
import os
from dataclasses import dataclass, field
from typing import Final, Literal
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.core.imprints import Imprints, imprint_of

type Purpose = Literal["credentials", "session"]
"""What a sealed value is; it opens as nothing else."""

_FORMAT: Final = b"\x02"
_WITHOUT_PURPOSE: Final = b"\x01"
"""What was sealed before: bound to its clinic only."""
_NONCE_BYTES: Final = 12


class CannotOpen(Exception):
    """The value was sealed with another key, for another clinic or purpose, or was damaged."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """The key that seals in this deployment, and does nothing else."""

    sealing: bytes = field(repr=False)
    imprints: Imprints = field(repr=False)


def keyring(local_key: SecretStr) -> Keyring:
    """The key that derives from the local key; ConfigurationInvalid if it is not 32 bytes."""
    master = decoded_key(local_key.get_secret_value())
    if master is None:
        raise ConfigurationInvalid(
            "IDEXX_SYNC_LOCAL_KEY must be the base64 of 32 random bytes; "
            "make one with: openssl rand -base64 32",
            code="local_key",
        )
    return Keyring(
        sealing=_derive(master, b"seal"),
        imprints=Imprints("local_key", (imprint_of(_derive(master, b"imprint")),)),
    )


def decoded_key(text: str) -> bytes | None:
    """The 32 bytes whose base64 the text is; None if it is anything else."""
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) == 32 else None


def seal(keys: Keyring, purpose: Purpose, clinic_id: UUID, plaintext: bytes) -> bytes:
    """Format byte, nonce, ciphertext with tag."""
    nonce = os.urandom(_NONCE_BYTES)
    bound = _bound_to(purpose, clinic_id)
    return _FORMAT + nonce + AESGCM(keys.sealing).encrypt(nonce, plaintext, bound)


def open_sealed(keys: Keyring, purpose: Purpose, clinic_id: UUID, sealed: bytes) -> bytes:
    """What was sealed for this purpose and clinic; raises CannotOpen otherwise."""
    sealed = bytes(sealed)
    kind, body = sealed[:1], sealed[1:]
    if kind not in (_FORMAT, _WITHOUT_PURPOSE) or len(body) <= _NONCE_BYTES:
        raise CannotOpen("unknown format")
    bound = _bound_to(purpose, clinic_id) if kind == _FORMAT else clinic_id.bytes
    try:
        return AESGCM(keys.sealing).decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], bound)
    except InvalidTag:
        raise CannotOpen("the value does not open with this key for this purpose") from None


def _bound_to(purpose: Purpose, clinic_id: UUID) -> bytes:
    return _FORMAT + purpose.encode() + b"\0" + clinic_id.bytes


def _derive(master: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"idexx-sync " + purpose).derive(
        master
    )
