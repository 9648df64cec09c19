"""What a clinic's company in its PIMS was recognised by, in the database (rule R8)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from idexx_sync.core.errors import ImplausibleData
from idexx_sync.core.faults import or_else
from idexx_sync.core.fingerprints import Fingerprints
from idexx_sync.database.connection import Conn, writing
from idexx_sync.pims.identity import (
    OTHER_COMPANY,
    Identity,
    Likeness,
    Shown,
    compare,
    identity_from,
    identity_of,
    instead_of,
    updated,
)

REFUSED_WAIT: Final = timedelta(hours=1)
"""How long no further login is made after one that led to another company."""


@dataclass(frozen=True, slots=True)
class Refused:
    """What was seen instead of the clinic's company, and waits for a person."""

    since: datetime
    at: datetime
    """When it was seen last."""
    differs: str
    """In kinds and numbers."""
    by_login: bool
    """Whether a login led there; else a session that was stored."""
    seen: Identity


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a clinic's company; version 0: nothing yet."""

    version: int = 0
    """Raised when an identity is learned first or accepted by a person."""
    identity: Identity | None = None
    learned_at: datetime | None = None
    refused: Refused | None = None


def known_from_row(row: dict[str, Any]) -> Known:
    """What the columns of `clinic_settings` say; nothing of a clinic that is not set up."""
    return Known(
        version=row["identity_version"] or 0,
        identity=identity_from(row["identity"]),
        learned_at=or_else(row["identity_learned_at"]),
        refused=refused_of(
            row["identity_refused"], row["identity_refused_since"], row["identity_refused_at"]
        ),
    )


def refused_of(stored: Any, since: Any, at: Any) -> Refused | None:
    """What the columns `identity_refused…` say was seen instead."""
    if stored is None:
        return None
    stored, since, at = map(or_else, (stored, since, at))
    seen = identity_from(stored.get("seen")) if isinstance(stored, dict) else None
    if seen is None or since is None or at is None:
        return None
    return Refused(since, at, str(stored.get("differs")), bool(stored.get("by_login")), seen)


@dataclass(slots=True)
class IdentityGuard:
    """Compares what a session shows with what is known of the clinic's company."""

    conn: Conn
    clinic_id: UUID
    fingerprints: Fingerprints = field(repr=False)
    known: Known
    clock: Callable[[], datetime]
    only_looks: bool = False
    """Whether nothing may be written."""

    def require_no_refusal(self) -> None:
        """ImplausibleData if a login has just led to another company: the next one would too."""
        refused = self.known.refused
        if refused and refused.by_login and self.clock() - refused.at < REFUSED_WAIT:
            raise other_company(self.clinic_id, refused.differs)

    def recognise(self, shown: Shown, *, by_login: bool) -> None:
        """Compare, and learn what is new. Raises ImplausibleData for another company's data.

        What a clinic's first login shows is learned as it is.
        """
        if self.known.identity is None:
            if shown.is_whole:
                self._learn_first(identity_of(shown, self.fingerprints))
            return
        likeness = compare(self.known.identity, shown, self.fingerprints)
        if not likeness.is_same:
            self._refuse(self.known.identity, shown, likeness, by_login=by_login)
            raise other_company(self.clinic_id, str(likeness))
        new = updated(self.known.identity, shown, self.fingerprints)
        if new != self.known.identity or (self.known.refused and shown.is_whole):
            self._learn(new)

    def _learn_first(self, new: Identity) -> None:
        self.known = Known(self.known.version + 1, new, self.clock())
        self._write(
            "identity = %(new)s, identity_version = 1, identity_learned_at = %(now)s",
            new=Jsonb(new.as_stored()),
            version=0,
        )

    def _learn(self, new: Identity) -> None:
        self.known = Known(self.known.version, new, self.known.learned_at)
        self._write(
            "identity = %(new)s, identity_refused = NULL, identity_refused_since = NULL, "
            "identity_refused_at = NULL",
            new=Jsonb(new.as_stored()),
        )

    def _refuse(
        self, identity: Identity, shown: Shown, likeness: Likeness, *, by_login: bool
    ) -> None:
        seen = instead_of(identity, shown, self.fingerprints).as_stored()
        refused = {"seen": seen, "differs": str(likeness), "by_login": by_login}
        self._write(
            "identity_refused = %(refused)s, identity_refused_at = %(now)s, "
            "identity_refused_since = coalesce(identity_refused_since, %(now)s)",
            refused=Jsonb(refused),
        )

    def _write(self, what: str, **values: Any) -> None:
        """Only what was compared with the identity that still counts."""
        if self.only_looks:
            return
        self.conn.execute(
            f"UPDATE idexx_sync.clinic_settings SET {what} "
            "WHERE clinic_id = %(clinic_id)s AND identity_version = %(version)s",
            {
                "clinic_id": self.clinic_id,
                "now": self.clock(),
                "version": self.known.version,
                **values,
            },
        )


def other_company(clinic_id: UUID, differs: str) -> ImplausibleData:
    """What is said where a session shows another company; kinds and numbers only."""
    return ImplausibleData(
        f"{OTHER_COMPANY}: Neo shows another company or branch than the clinic's own ({differs}), "
        "so nothing was written; correct the credentials with: "
        f"idexx-sync credentials set --clinic {clinic_id}; "
        f"or, if it is right, accept it with: idexx-sync clinics identity {clinic_id} --accept; "
        "else the next login is tried after an hour",
        code=OTHER_COMPANY,
    )


def accept_identity(conn: Conn, clinic_id: UUID, seen_at: datetime) -> bool:
    """Take what was seen last instead as the clinic's company; False if it is not that any more.

    The stored session goes: the next run logs in, and is compared with it.
    """
    with writing(conn):
        accepted = conn.execute(
            """
            UPDATE idexx_sync.clinic_settings
               SET identity = identity_refused -> 'seen', identity_version = identity_version + 1,
                   identity_learned_at = idexx_sync.clock(), identity_refused = NULL,
                   identity_refused_since = NULL, identity_refused_at = NULL,
                   updated_at = idexx_sync.clock()
             WHERE clinic_id = %s AND identity_refused_at = %s
            """,
            (clinic_id, seen_at),
        )
        conn.execute("DELETE FROM idexx_sync.sessions WHERE clinic_id = %s", (clinic_id,))
    return accepted.rowcount > 0


def forget_refusal(conn: Conn, clinic_id: UUID) -> None:
    """New credentials may lead to the clinic's own company: a login is tried again."""
    conn.execute(
        """
        UPDATE idexx_sync.clinic_settings
           SET identity_refused = NULL, identity_refused_since = NULL, identity_refused_at = NULL
         WHERE clinic_id = %s AND identity_refused IS NOT NULL
        """,
        (clinic_id,),
    )
