"""The text of a key of the HTTP API: how it is made, recognised and hashed. Pure.

`idx_live_<8 id characters>_<32 random>_<6 checksum>`, base62 throughout; `idx_test_` outside of
production. The checksum tells a mistyped key from a wrong one without a database, and a leaked key
from any other text. What is stored is a hash; the text exists only where its user keeps it.
"""

import base64
import binascii
import hmac
import re
import secrets
import string
import zlib
from dataclasses import dataclass, field
from typing import Final

from pydantic import SecretStr

from idexx_sync.core.errors import ConfigurationInvalid
from idexx_sync.core.imprints import IMPRINTED, Imprints, imprint_text
from idexx_sync.core.settings import PRODUCTION

KEY_PATTERN: Final = r"\bidx_(?:live|test)_[0-9A-Za-z]{8}_[0-9A-Za-z]{32}_[0-9A-Za-z]{6}\b"
"""What secret scanners look for."""
_BASE62: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_PEPPER_BYTES: Final = 32
_fits = re.compile(KEY_PATTERN).fullmatch


@dataclass(frozen=True, slots=True)
class Peppers:
    """What keys are hashed with; never shown."""

    begun: tuple[hmac.HMAC, ...] = field(repr=False)
    """An HMAC-SHA256 with the current one, and while it is being replaced with the previous one.

    Begun once and copied for each key: beginning one costs more than all the rest of it.
    """

    @property
    def imprints(self) -> Imprints:
        """By what a database knows these peppers."""
        return Imprints("pepper", tuple(map(_imprinted, self.begun)))


def read_peppers(pepper: SecretStr) -> Peppers:
    """The setting's one or two peppers; ConfigurationInvalid unless each has 32 bytes."""
    values = tuple(_decoded(text) for text in pepper.get_secret_value().split())
    if len(values) not in (1, 2) or any(len(value) != _PEPPER_BYTES for value in values):
        raise ConfigurationInvalid(
            "IDEXX_SYNC_PEPPER must be the base64 of 32 random bytes, or two such texts with a "
            "blank between them while it is being replaced, the new one first; "
            "make one with: openssl rand -base64 32",
            code="pepper",
        )
    return Peppers(tuple(hmac.new(value, digestmod="sha256") for value in values))


def generate_key(stage: str) -> str:
    """A new key's text, with 190 random bits."""
    kind = "live" if stage == PRODUCTION else "test"
    body = f"idx_{kind}_{_random(8)}_{_random(32)}"
    return f"{body}_{checksum(body)}"


def is_key(text: str) -> bool:
    """Whether the text has the shape of a key and its checksum is right."""
    if _fits(text) is None:
        return False
    body, _, last = text.rpartition("_")
    return checksum(body) == last


def checksum(body: str) -> str:
    """CRC-32 of all before a key's last underscore: six characters of base62."""
    left, digits = zlib.crc32(body.encode()), ""
    for _ in range(6):
        left, digit = divmod(left, 62)
        digits = _BASE62[digit] + digits
    return digits


def hint_of(key: str) -> str:
    """What may be shown of a key: `idx_live_Ab3dE6gH…x9Qz`."""
    return f"{key[:17]}…{key[-4:]}"


def hashed(key: str, peppers: Peppers) -> list[str]:
    """HMAC-SHA256 of the key in hex: with the current pepper, then with the previous one."""
    digests = []
    for pepper in peppers.begun:
        digest = pepper.copy()
        digest.update(key.encode())
        digests.append(digest.hexdigest())
    return digests


def _imprinted(begun: hmac.HMAC) -> str:
    digest = begun.copy()
    digest.update(IMPRINTED)
    return imprint_text(digest.digest())


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _random(length: int) -> str:
    return "".join(secrets.choice(_BASE62) for _ in range(length))
