"""A clinic's access to its PIMS in the database: sealed credentials, session, login attempts.

Credentials are versioned; the newest version counts. An attempt is committed before the form is
submitted, so that even a killed run leaves a trace and the breaker can count it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from psycopg.rows import class_row

from idexx_sync.core.errors import (
    ConfigurationInvalid,
    Throttled,
)
from idexx_sync.core.logs import logger
from idexx_sync.core.sealing import Keyring
from idexx_sync.database.connection import Conn
from idexx_sync.pims.access import Credentials, LoginOutcome, StoredSession
from idexx_sync.pims.breaker import Attempt, check_breaker
from idexx_sync.pims.identity import Shown
from idexx_sync.pims.identity_store import IdentityGuard, forget_refusal
from idexx_sync.pims.sealed_access import (
    Unusable,
    opened_credentials,
    opened_session,
    sealed_credentials,
    sealed_session,
)


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    """One login as it may be shown."""

    credential_version: int
    attempted_at: datetime
    outcome: LoginOutcome | None
    """None: nobody knows how it ended."""
    submitted: bool | None
    """False: nothing has left us."""
    ended_at: datetime | None
    job_id: UUID | None


class PostgresLoginStore:
    """The LoginStore of one clinic's run, over Postgres; it commits each step at once."""

    def __init__(
        self,
        conn: Conn,
        keys: Keyring,
        clinic_id: UUID,
        job_id: UUID,
        *,
        clock: Callable[[], datetime],
        logins_per_hour: int,
        session: tuple[int, bytes] | None,
        identity: IdentityGuard,
        newest_keys: Callable[[], Keyring] | None = None,
    ) -> None:
        """`newest_keys` gives the keys that count by now, once something did not open."""
        self._conn = conn
        self._keys = keys
        self._newest_keys = newest_keys or (lambda: self._keys)
        self._clinic_id = clinic_id
        self._job_id = job_id
        self._clock = clock
        self._logins_per_hour = logins_per_hour
        self._session = session
        self._identity = identity
        self._attempt: tuple[int, int] | None = None  # login id, credential version
        self._company_id: str | None = None  # as it was typed at the login of this run

    def session(self) -> StoredSession | None:
        if self._session is None:
            return None
        sealed, version = self._session[1], self._identity.known.version
        opened = self._opened(lambda keys: opened_session(keys, self._clinic_id, sealed, version))
        return _session_or_none(opened, self._clinic_id)

    def store_session(self, session: StoredSession) -> None:
        if self._attempt is not None:
            credential_version = self._attempt[1]
        elif self._session is not None:
            credential_version = self._session[0]
        else:
            raise RuntimeError("a session can only be stored after a login")
        sealed = sealed_session(self._keys, self._clinic_id, session, self._identity.known.version)
        self._session = (credential_version, sealed)
        self._conn.execute(
            """
            INSERT INTO idexx_sync.sessions (clinic_id, credential_version, sealed, stored_at)
            VALUES (%s, %s, %s, %s)
            ON CONFLICT (clinic_id) DO UPDATE
               SET credential_version = EXCLUDED.credential_version,
                   sealed = EXCLUDED.sealed, stored_at = EXCLUDED.stored_at
            """,
            (self._clinic_id, credential_version, sealed, self._clock()),
        )

    def drop_session(self) -> None:
        if self._session is None:
            return
        # Only the very session that was refused: another run may have stored a better one.
        self._conn.execute(
            "DELETE FROM idexx_sync.sessions WHERE clinic_id = %s AND sealed = %s",
            (self._clinic_id, self._session[1]),
        )
        self._session = None

    def begin_login(self) -> Credentials:
        version, credentials = self._credentials()
        now = self._clock()
        attempts = newest_attempts(self._conn, self._clinic_id, version)
        check_breaker(self._clinic_id, attempts, now)
        self._identity.require_no_refusal()
        if _logins_since(self._conn, self._clinic_id, now - timedelta(hours=1)) >= (
            self._logins_per_hour
        ):
            raise Throttled(
                f"this clinic has used its {self._logins_per_hour} logins of the last hour; "
                "the next run tries again",
                code="login_budget",
            )
        self._attempt = _insert_attempt(self._conn, self._clinic_id, version, self._job_id, now)
        self._company_id = credentials.company_id.get_secret_value()
        return credentials

    def _credentials(self) -> tuple[int, Credentials]:
        version, sealed = _newest_sealed(self._conn, self._clinic_id)
        opened = self._opened(lambda keys: opened_credentials(keys, self._clinic_id, sealed))
        if isinstance(opened, Unusable):
            raise _unusable(self._clinic_id, version, opened)
        return version, opened

    def _opened[T](self, opening: Callable[[Keyring], T | Unusable]) -> T | Unusable:
        """What opens with our keys, or with those that have replaced them meanwhile."""
        opened = opening(self._keys)
        if opened is not Unusable.SEALED_OTHERWISE:
            return opened
        newest = self._newest_keys()
        if newest == self._keys:
            return opened
        self._keys = newest
        return opening(newest)

    def end_login(self, outcome: LoginOutcome, *, submitted: bool = True) -> None:
        if self._attempt is None:
            raise RuntimeError("no login was begun")
        self._conn.execute(
            """
            UPDATE idexx_sync.logins SET outcome = %s, ended_at = %s, submitted = %s
             WHERE id = %s
            """,
            (outcome, self._clock(), submitted, self._attempt[0]),
        )

    def recognise(self, shown: Shown) -> None:
        typed = self._company_id if shown.is_whole else None
        by_login = self._attempt is not None
        self._identity.recognise(replace(shown, company_id=typed), by_login=by_login)


class StoredSessionOnly:
    """A LoginStore that only reads: it hands out the stored session and refuses every login."""

    def __init__(
        self,
        conn: Conn,
        keys: Keyring,
        clinic_id: UUID,
        identity: IdentityGuard,
        obstacle: str | None = None,
    ) -> None:
        """`obstacle` is what has to be done before any run can log in; None: nothing."""
        self._obstacle = obstacle
        self._keys = keys
        self._clinic_id = clinic_id
        self._identity = identity
        self._sealed = _sealed_session(conn, clinic_id)
        self._given = False

    def session(self) -> StoredSession | None:
        if self._sealed is None:
            return None
        known = self._identity.known.version
        opened = opened_session(self._keys, self._clinic_id, self._sealed, known)
        session = _session_or_none(opened, self._clinic_id)
        self._given = session is not None
        if session is None or known:
            return session
        return replace(session, recognised=True)  # there is nothing to compare it with

    def store_session(self, session: StoredSession) -> None:
        """Not even that it was recognised: the next run compares it as well."""

    def drop_session(self) -> None:
        """The next run finds out for itself, and logs in."""

    def begin_login(self) -> Credentials:
        what = "Neo refused the stored session" if self._given else "there is no stored session"
        then = (
            "no login is made only to look; "
            f"first run: idexx-sync sync inbound --clinic {self._clinic_id} --dry-run"
        )
        if self._obstacle is not None:
            then = f"no run can get one before this: {self._obstacle}"
        raise ConfigurationInvalid(
            f"{what}, and {then}",
            code="session_refused" if self._given else "session_missing",
        )

    def end_login(self, outcome: LoginOutcome, *, submitted: bool = True) -> None:  # noqa: ARG002
        raise RuntimeError("no login was begun")

    def recognise(self, shown: Shown) -> None:
        self._identity.recognise(shown, by_login=False)


def _sealed_session(conn: Conn, clinic_id: UUID) -> bytes | None:
    """The stored session if it was made with the newest credentials."""
    row = conn.execute(
        """
        SELECT s.sealed FROM idexx_sync.sessions s
         WHERE s.clinic_id = %s
           AND s.credential_version = (SELECT max(version) FROM idexx_sync.credentials v
                                        WHERE v.clinic_id = s.clinic_id)
        """,
        (clinic_id,),
    ).fetchone()
    return None if row is None else row[0]


def _session_or_none(opened: StoredSession | Unusable, clinic_id: UUID) -> StoredSession | None:
    """A session that can't be used is as good as none, and told: the next login replaces it."""
    if not isinstance(opened, Unusable):
        return opened
    logger().warning(
        "stored session not usable; the next login replaces it",
        clinic_id=str(clinic_id),
        reason=opened.name.lower(),
    )
    return None


def store_credentials(conn: Conn, keys: Keyring, clinic_id: UUID, credentials: Credentials) -> int:
    """Seal the credentials as the clinic's newest version and return its number.

    Storing them again also closes an open breaker, because it counts attempts per version, and
    lets a login be made that led to another company before.
    """
    sealed = sealed_credentials(keys, clinic_id, credentials)
    row = conn.execute(
        """
        INSERT INTO idexx_sync.credentials (clinic_id, version, sealed)
        SELECT %(clinic_id)s, 1 + coalesce(max(version), 0), %(sealed)s
          FROM idexx_sync.credentials WHERE clinic_id = %(clinic_id)s
        RETURNING version
        """,
        {"clinic_id": clinic_id, "sealed": sealed},
    ).fetchone()
    assert row is not None
    forget_refusal(conn, clinic_id)
    return int(row[0])


def _newest_sealed(conn: Conn, clinic_id: UUID) -> tuple[int, bytes]:
    row = conn.execute(
        """
        SELECT version, sealed FROM idexx_sync.credentials
         WHERE clinic_id = %s ORDER BY version DESC LIMIT 1
        """,
        (clinic_id,),
    ).fetchone()
    if row is None:
        raise ConfigurationInvalid(
            f"credentials: clinic {clinic_id} has none; "
            f"run: idexx-sync credentials set --clinic {clinic_id}",
            code="credentials",
        )
    return int(row[0]), bytes(row[1])


def _unusable(clinic_id: UUID, version: int, why: Unusable) -> ConfigurationInvalid:
    """Names the row, and how it is replaced; whatever was put there harms this clinic only."""
    key = "put the right one into IDEXX_SYNC_LOCAL_KEY, or "
    return ConfigurationInvalid(
        f"credentials: idexx_sync.credentials.sealed of clinic {clinic_id}, version {version}, "
        f"{why.value}; {key if why is Unusable.SEALED_OTHERWISE else ''}"
        f"run: idexx-sync credentials set --clinic {clinic_id}",
        code="credentials_sealed" if why is Unusable.SEALED_OTHERWISE else "credentials_shape",
    )


def newest_attempts(conn: Conn, clinic_id: UUID, version: int) -> list[Attempt]:
    """The last two logins with this version of the secret, newest first.

    One of which nothing has left us is none (migration 014).
    """
    rows = conn.execute(
        """
        SELECT attempted_at, outcome FROM idexx_sync.logins
         WHERE clinic_id = %s AND credential_version = %s AND submitted IS NOT FALSE
         ORDER BY id DESC LIMIT 2
        """,
        (clinic_id, version),
    ).fetchall()
    return [Attempt(*row) for row in rows]


def _logins_since(conn: Conn, clinic_id: UUID, moment: datetime) -> int:
    row = conn.execute(
        """
        SELECT count(*) FROM idexx_sync.logins
         WHERE clinic_id = %s AND attempted_at > %s AND submitted IS NOT FALSE
        """,
        (clinic_id, moment),
    ).fetchone()
    assert row is not None
    return int(row[0])


def _insert_attempt(
    conn: Conn, clinic_id: UUID, version: int, job_id: UUID, now: datetime
) -> tuple[int, int]:
    row = conn.execute(
        """
        INSERT INTO idexx_sync.logins (clinic_id, credential_version, job_id, attempted_at)
        VALUES (%s, %s, %s, %s) RETURNING id
        """,
        (clinic_id, version, job_id, now),
    ).fetchone()
    assert row is not None
    return int(row[0]), version


def login_attempts(conn: Conn, clinic_id: UUID, limit: int) -> list[LoginAttempt]:
    """The clinic's logins, newest first."""
    with conn.cursor(row_factory=class_row(LoginAttempt)) as cur:
        return cur.execute(
            """
            SELECT credential_version, attempted_at, outcome, submitted, ended_at, job_id
              FROM idexx_sync.logins WHERE clinic_id = %s ORDER BY id DESC LIMIT %s
            """,
            (clinic_id, limit),
        ).fetchall()
