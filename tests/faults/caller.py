"""Somebody who calls the clinic's API with one key, whatever becomes of the pepper."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import SecretStr

from idexx_sync.database.connection import Conn
from idexx_sync.keys.format import hashed, read_peppers
from idexx_sync.keys.lookup import TOUCHED_EVERY, find_key, touch_key
from idexx_sync.keys.store import create_key
from tests.faults.results import Violation
from tests.kit.settings import random_key

NAME: Final = "a caller"


@dataclass
class Caller:
    """A caller of one clinic; the key is made when the pepper is replaced first."""

    conn: Conn
    clinic_id: UUID
    refused: list[Violation] = field(default_factory=list)
    """What must never be: a caller that was not let in."""
    _pepper: str = field(default_factory=random_key, repr=False)
    _key: SecretStr | None = None

    def replace_pepper(self, now: datetime) -> None:
        """The documented steps, with a request after each."""
        old, new = self._pepper, random_key()
        key = self._key or self._make_key(now)
        for pepper in (old, f"{old} {new}", f"{new} {old}", new):
            self._wait()
            self._ask(key.get_secret_value(), pepper)
        self._key, self._pepper = key, new

    def _make_key(self, now: datetime) -> SecretStr:
        return create_key(
            self.conn,
            read_peppers(SecretStr(self._pepper)),
            clinic_id=self.clinic_id,
            scopes=["jobs:read"],
            name=NAME,
            stage="test",
            now=now,
        ).text

    def _wait(self) -> None:
        """So long that the next use is written down."""
        self.conn.execute(
            "UPDATE public.clinic_api_keys SET last_used_at = last_used_at - %s"
            " WHERE clinic_id = %s AND key_name = %s",
            (TOUCHED_EVERY, self.clinic_id, NAME),
        )

    def _ask(self, key: str, pepper: str) -> None:
        """What the authorizer does with the key."""
        hashes = hashed(key, read_peppers(SecretStr(pepper)))
        found = find_key(self.conn, hashes)
        if found is None or found.state != "valid" or found.clinic_id != self.clinic_id:
            self.refused.append(Violation("keys", "a key is refused since the pepper is new"))
        elif found.is_due:
            touch_key(self.conn, found.id, hashes)
