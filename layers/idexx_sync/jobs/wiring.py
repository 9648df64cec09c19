"""What a process keeps between runs, over real Postgres and the real Neo provider."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from uuid import UUID

from idexx_sync.clinics.store import Clinic
from idexx_sync.core.fingerprints import FingerprintKeys, Fingerprints, read_fingerprint_keys
from idexx_sync.core.kept import Kept, KeptSettings
from idexx_sync.core.logs import quiet_drivers
from idexx_sync.core.sealing import Keyring, keyring
from idexx_sync.core.settings import Settings, load_settings
from idexx_sync.database.business_time import Clock
from idexx_sync.database.connection import Conn, Database
from idexx_sync.database.schema_number_store import refuse_older
from idexx_sync.jobs.contract import OpenPims, Progress, Silent
from idexx_sync.jobs.heartbeat import Lifetime
from idexx_sync.jobs.runner import Dependencies
from idexx_sync.pims.access_store import PostgresLoginStore, StoredSessionOnly
from idexx_sync.pims.identity_store import IdentityGuard
from idexx_sync.pims.protocol import Pims

if TYPE_CHECKING:  # a process that opens no Neo never loads it
    from idexx_sync.pims.neo.provider import Login


def make_dependencies(
    settings: Settings,
    *,
    retried: bool,
    progress: Progress | None = None,
    newest: Callable[[], Settings] | None = None,
    login: "Login | None" = None,
    require: Callable[[Conn], None] | None = None,
) -> Dependencies:
    """Dependencies over real Postgres and the real Neo provider.

    `newest` gives the settings that count by now, once a secret among these was refused. Without
    a `login` a headless Chromium logs in.
    """
    quiet_drivers()
    now_valid = newest or (lambda: settings)
    database = Database(settings.database_url, lambda: now_valid().database_url, require=require)
    return Dependencies(
        settings=settings,
        fingerprint_keys=read_fingerprint_keys(settings.fingerprint_key),
        database=database,
        open_pims=_neo_opener(
            settings, lambda: _keys_of(now_valid()), database, progress or Silent(), login
        ),
        progress=progress or Silent(),
        retried=retried,
    )


def _keys_of(settings: Settings) -> Keyring:
    return keyring(settings.local_key)


def keep_dependencies(login: "Login | None" = None) -> Kept[Settings, Dependencies]:
    """Dependencies of the environment's settings, made when first asked for and then kept."""
    kept: Kept[Settings, Dependencies] = Kept(
        KeptSettings(load_settings),
        lambda settings: make_dependencies(
            settings,
            retried=True,
            newest=lambda: kept.settings.newest(),
            login=login,
            require=refuse_older,
        ),
        lambda made: made.database.close(),
    )
    return kept


process_dependencies: Final = keep_dependencies()
"""The worker process's dependencies, made at the first event and kept warm."""


@contextmanager
def open_to_look(
    settings: Settings, conn: Conn, clinic: Clinic, clock: Clock, obstacle: str | None = None
) -> Iterator[Pims]:
    """The real Neo with the session that is stored: no login is made and nothing written.

    `obstacle` is what no run can log in before; it is told where there is no session.
    """
    from idexx_sync.pims.neo.provider import ClinicAccess, open_neo

    quiet_drivers()
    access = ClinicAccess(
        base_url=settings.checked_base_url(clinic.base_url), transport=clinic.transport
    )
    fingerprint_keys = read_fingerprint_keys(settings.fingerprint_key)
    guard = _identity_guard(conn, clinic, fingerprint_keys, clock, only_looks=True)
    login_store = StoredSessionOnly(conn, _keys_of(settings), clinic.id, guard, obstacle)
    with open_neo(access, login_store, settings, clock) as pims:
        yield pims


def _identity_guard(
    conn: Conn,
    clinic: Clinic,
    keys: FingerprintKeys,
    clock: Clock,
    *,
    only_looks: bool = False,
) -> IdentityGuard:
    fingerprints = Fingerprints(keys, clinic.id)
    return IdentityGuard(conn, clinic.id, fingerprints, clinic.company, clock, only_looks)


class _Telling:
    """Passes on what a provider tells: which phase it is in, and how many steps are done."""

    def __init__(self, lifetime: Lifetime, progress: Progress) -> None:
        self._lifetime = lifetime
        self._progress = progress
        self._lock = threading.Lock()
        self._phase = ""
        self._done = 0

    def __call__(self, phase: str, done: int, total: int) -> None:
        self._lifetime.beat()
        with self._lock:
            if phase != self._phase:
                self._phase, self._done = phase, 0
                self._progress.phase(phase, total)
            if done > self._done:
                self._progress.advance(done - self._done)
                self._done = done


def _neo_opener(
    settings: Settings,
    newest_keys: Callable[[], Keyring],
    database: Database,
    progress: Progress,
    login: "Login | None",
) -> OpenPims:
    from idexx_sync.pims.neo.provider import ClinicAccess, open_neo

    keys = _keys_of(settings)
    fingerprint_keys = read_fingerprint_keys(settings.fingerprint_key)

    @contextmanager
    def open_pims(
        clinic: Clinic,
        job_id: UUID,
        session: tuple[int, bytes] | None,
        lifetime: Lifetime,
        clock: Clock,
    ) -> Iterator[Pims]:
        access = ClinicAccess(
            base_url=settings.checked_base_url(clinic.base_url), transport=clinic.transport
        )
        conn = database.connection()
        login_store = PostgresLoginStore(
            conn,
            keys,
            clinic.id,
            job_id,
            newest_keys=newest_keys,
            clock=clock,
            logins_per_hour=settings.logins_per_hour,
            session=session,
            identity=_identity_guard(conn, clinic, fingerprint_keys, clock),
        )

        with open_neo(
            access,
            login_store,
            settings,
            clock,
            time_left=lifetime.time_left,
            on_progress=_Telling(lifetime, progress),
            beat=lifetime.beat,
            login=login,
        ) as pims:
            lifetime.on_end(pims.interrupt)
            yield pims

    return open_pims
