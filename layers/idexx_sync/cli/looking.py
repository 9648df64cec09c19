"""What commands that only look share: the clinic, how its runs stand, and its Neo as it is now."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Final
from uuid import UUID

import typer

from idexx_sync.cli.arguments import shortened
from idexx_sync.cli.context import Cli
from idexx_sync.cli.errors import CommandError
from idexx_sync.cli.exits import Exit
from idexx_sync.cli.naming import clinic_meant
from idexx_sync.clinics.needs import blocker
from idexx_sync.clinics.overview import ClinicOverview, clinic_overview
from idexx_sync.clinics.pauses import all_in_words
from idexx_sync.clinics.store import Clinic, clinic_by_id
from idexx_sync.core.clinic_time import zone_of
from idexx_sync.core.errors import ConfigurationInvalid, SyncError
from idexx_sync.core.fingerprints import NO_KEYS, Fingerprints, read_fingerprint_keys
from idexx_sync.core.imprints import refuse_another
from idexx_sync.core.settings import Settings
from idexx_sync.database.business_time import going_on
from idexx_sync.database.connection import Conn
from idexx_sync.database.imprint_store import known_imprints
from idexx_sync.explain.model import StoredRow
from idexx_sync.explain.preview import Clinical
from idexx_sync.explain.runs import Runs, runs_of
from idexx_sync.explain.store import holds_in_force, reads_of
from idexx_sync.pims.identity import Identity
from idexx_sync.pims.protocol import Pims, Snapshot

OFFLINE: Final = "not asked (--offline)"
Offline = Annotated[
    bool, typer.Option("--offline", help="Do not ask Neo; what is stored is shown all the same.")
]


@dataclass(frozen=True, slots=True)
class Look:
    """One clinic, to be looked at: nothing is changed, and no login is made."""

    cli: Cli
    conn: Conn
    clinic: Clinic
    overview: ClinicOverview
    settings: Settings | None
    """None: its Neo is not asked."""
    not_asked: str | None
    """Why not; None: it is."""

    @property
    def now(self) -> datetime:
        """Business time."""
        return self.overview.read_at

    @property
    def clinical(self) -> Clinical:
        """What of the clinic decides how its appointments are shown."""
        clinic = self.clinic
        # Where Neo is not asked nothing is said of what has changed, so no keys are needed.
        keys = read_fingerprint_keys(self.settings.fingerprint_key) if self.settings else NO_KEYS
        return Clinical(
            id=clinic.id,
            zone=zone_of(clinic.timezone),
            now=self.now,
            fingerprints=Fingerprints(keys, clinic.id),
            stage=clinic.stage,
            pauses=clinic.pauses,
            room_ids=clinic.room_ids,
            live_from=clinic.live_from,
            acting_user_id=clinic.acting_user_id,
            slot_minutes=clinic.schedule.slot_minutes,
            horizon_days=clinic.schedule.horizon_days,
        )

    def runs(self, day: date | None) -> Runs:
        """How the clinic's runs stand, with regard to the day."""
        reads = [] if day is None else reads_of(self.conn, self.clinic.id, day)
        holds = holds_in_force(self.conn, self.clinic.id)
        return runs_of(self.overview, self.clinic.schedule.horizon_days, reads, holds)

    def ask[T](self, question: Callable[[Pims], T], unasked: Callable[[str], T]) -> T:
        """What the question learns from Neo, or what is said instead, with the reason."""
        if self.settings is None:
            return unasked(self.not_asked or OFFLINE)
        clock = going_on(self.now)
        try:
            need = blocker(self.overview, "inbound", self.now)
            obstacle = None if need is None else need.what
            with self.cli.open_to_look(
                self.settings, self.conn, self.clinic, clock, obstacle
            ) as pims:
                return question(pims)
        except SyncError as error:
            return unasked(error.message)

    def require_room(
        self, room: str | None, shown: Snapshot | None, rows: Iterable[StoredRow]
    ) -> None:
        """CommandError (not_found) for a room that is none of the clinic's, with those that are.

        A room of what was found is one; where nobody knows any, each one may be.
        """
        seen = {row.room_id for row in rows}
        seen |= {one.room_id for one in shown.records} if shown is not None else set()
        if room is None or room in seen:
            return
        self._require_known([room], dict.fromkeys(self.clinic.room_ids or (), ""))

    def require_rooms(self, rooms: Iterable[str]) -> None:
        """CommandError (not_found) for a room that Neo's configuration does not show.

        Where nobody knows what it shows, each one may be one.
        """
        self._require_known(rooms, {})

    def _require_known(self, rooms: Iterable[str], beside: Mapping[str, str]) -> None:
        """Of what the company is known by, what is known `beside` it, and of what Neo says now:
        a room may have been made in it since."""
        known = {**beside, **(self.overview.identity or Identity()).rooms}
        lacking = [room for room in rooms if room not in known]
        if lacking:
            asked = self.ask(lambda pims: pims.configuration().rooms, lambda _: ())
            known |= {one.id: one.name for one in asked}
        unknown = [room for room in lacking if known and room not in known]
        if unknown:
            raise _no_room(unknown[0], known, self.clinic.id)

    def exit_code(self, not_asked: str | None) -> Exit:
        """A warning where Neo should have been asked and could not be."""
        return Exit.OK if not_asked in (None, OFFLINE) else Exit.WARNINGS


def _no_room(room: str, known: Mapping[str, str], clinic_id: UUID) -> CommandError:
    named = ", ".join(f"{id_} ({name})" if name else id_ for id_, name in sorted(known.items()))
    return CommandError(
        f"'--room': the clinic has no room {shortened(room)}; its rooms are {named}; "
        f"see which count: idexx-sync clinics rooms {clinic_id}",
        kind="not_found",
        exit_code=Exit.FAILED,
        more={"room": room, "rooms": sorted(known)},
    )


@contextmanager
def look_at(cli: Cli, named: str, *, offline: bool) -> Iterator[Look]:
    """The clinic that is named, opened to look at it."""
    with cli.database() as conn:
        clinic_id = clinic_meant(conn, named)
        clinic = clinic_by_id(conn, clinic_id)
        overview = clinic_overview(conn, clinic_id)
        settings, not_asked = _settings(cli, conn, clinic, offline=offline)
        yield Look(cli, conn, clinic, overview, settings, not_asked)


def _settings(
    cli: Cli, conn: Conn, clinic: Clinic, *, offline: bool
) -> tuple[Settings | None, str | None]:
    if offline:
        return None, OFFLINE
    if clinic.pauses:
        told = all_in_words(clinic.pauses, zone_of(clinic.timezone))
        return None, f"the clinic is {told}; Neo is left alone"
    try:
        settings = cli.load_settings()
        keys = read_fingerprint_keys(settings.fingerprint_key)
        refuse_another(keys.imprints, known_imprints(conn, "fingerprint_key"))
        return settings, None
    except ConfigurationInvalid as error:
        return None, f"what is needed to ask Neo is not set here: {error.message}"
