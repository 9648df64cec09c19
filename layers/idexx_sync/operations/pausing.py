"""Pauses a clinic or all of them, and lets them go on, for a person.

Whoever asks again, or at the same moment as somebody else, changes nothing and is told what stands.
"""

from uuid import UUID

from idexx_sync.clinics import pause_store
from idexx_sync.clinics.pauses import Pause
from idexx_sync.clinics.store import timezone_of
from idexx_sync.core.errors import InvalidInput
from idexx_sync.database.connection import Conn
from idexx_sync.operations.decisions import tidy_reason
from idexx_sync.operations.lookup import require_clinic
from idexx_sync.operations.pause_models import PauseAnswer, PauseView


def pause(conn: Conn, clinic_id: UUID | None, *, by: str, reason: str | None) -> PauseAnswer:
    """Pause the clinic, or all where none is named, unless that has been done.

    NotFound for an unknown clinic; InvalidInput for a reason that is missing or too long.
    """
    said = tidy_reason(reason)
    if said is None:
        raise InvalidInput("reason", "say in a few words why, for those who look later")
    require_clinic(conn, clinic_id)
    while (made := pause_store.start(conn, clinic_id, by, said)) is None:
        if stands := _own(_standing(conn, clinic_id), clinic_id):
            return _answer(conn, clinic_id, stands, changed=False)
    return _answer(conn, clinic_id, made, changed=True)


def resume(conn: Conn, clinic_id: UUID | None, *, by: str, reason: str | None) -> PauseAnswer:
    """End the pause of the clinic, or that of all where none is named, if it stands.

    NotFound for an unknown clinic; InvalidInput for a reason that is too long.
    """
    said = tidy_reason(reason)
    require_clinic(conn, clinic_id)
    ended = pause_store.end(conn, clinic_id, by, said)
    return _answer(conn, clinic_id, ended, changed=ended is not None)


def _answer(
    conn: Conn, clinic_id: UUID | None, pause: Pause | None, *, changed: bool
) -> PauseAnswer:
    return PauseAnswer(
        changed=changed,
        timezone=None if clinic_id is None else timezone_of(conn, clinic_id),
        pause=None if pause is None else PauseView.of(pause),
        standing=tuple(map(PauseView.of, _standing(conn, clinic_id))),
    )


def _standing(conn: Conn, clinic_id: UUID | None) -> list[Pause]:
    if clinic_id is None:
        return pause_store.all_standing(conn)
    return pause_store.standing(conn, clinic_id)


def _own(pauses: list[Pause], clinic_id: UUID | None) -> Pause | None:
    """The pause of just that: of the clinic, or of all."""
    return next((one for one in pauses if one.clinic_id == clinic_id), None)
