"""A clinic whose next run has everything to do: creates, updates, removals with look-ups, slots."""

from datetime import datetime, timedelta

from tests.faults.canaries import say_everything
from tests.faults.clinic import FaultClinic
from tests.faults.rig import Rig

DAYS = 3
VISITS_A_DAY = 8


def eventful_clinic(
    rig: Rig,
    *,
    proxied: bool = False,
    traceless: bool = False,
    log_in: bool = False,
    plain_login: bool = False,
) -> FaultClinic:
    """A synced clinic after a busy hour.

    `traceless`: what was deleted is not found by a look-up, so that it takes two strikes.
    `log_in`: the session is gone, the run begins with a login. `plain_login`: see `FaultClinic`.
    """
    clinic = FaultClinic(rig, proxied=proxied, plain_login=plain_login)
    neo = clinic.neo
    first = datetime.fromisoformat(neo.now()).replace(minute=0, second=0)

    def at(day: int, hour: int, minute: int = 0) -> str:
        """Wall-clock text, so many days after the first one."""
        moment = first.replace(hour=hour, minute=minute) + timedelta(days=day)
        return moment.isoformat(sep=" ")

    visits = neo.book_many(
        [
            {"start": at(day, 8 + hour), "room": 3 + hour % 3, "patient": f"PET {day}{hour}"}
            for day in range(DAYS)
            for hour in range(VISITS_A_DAY)
        ]
    )
    lunch = neo.book_block(at(0, 12), at(0, 13), room=5, repeat_days=[at(1, 12)[:10]])
    say_everything(neo, at(0, 8), at(0, 16))
    delivery = clinic.invoke(clinic.order())
    if delivery.word != "succeeded":
        raise RuntimeError(f"the first sync ended as {delivery.word}")
    clinic.later(60)
    if traceless:
        neo.set_knob("deleted_visits", "unknown")
    neo.operate(
        ("book", {"start": at(1, 9, 30), "room": 4, "patient": "NEWCOMER"}),
        ("book", {"start": at(2, 16, 15), "minutes": 45, "room": None, "patient": "LATECOMER"}),
        ("book_block", {"start": at(2, 15), "end": at(2, 16), "title": "MEETING"}),
        ("move", {"visit_id": visits[9], "start": at(2, 17)}),
        ("move", {"visit_id": visits[10], "start": at(9, 9)}),
        ("cancel", {"visit_id": visits[11]}),
        ("confirm_arrival", {"visit_id": visits[0]}),
        ("delete", {"visit_id": visits[12]}),
        ("delete", {"visit_id": visits[17]}),
        ("delete", {"visit_id": visits[20]}),
        ("delete_block", {"block_id": lunch, "day": at(1, 12)[:10]}),
    )
    clinic.configure(slot_duration_minutes=20)
    forget_configuration(clinic)
    if log_in:
        forget_session(clinic)
    neo.clear_requests()
    return clinic


def forget_configuration(clinic: FaultClinic) -> None:
    """Rooms and types are due to be read again."""
    clinic.conn.execute(
        "UPDATE idexx_sync.clinic_settings SET neo_configuration_read_at = NULL "
        "WHERE clinic_id = %s",
        (clinic.clinic_id,),
    )


def forget_session(clinic: FaultClinic) -> None:
    """The next run has to log in."""
    clinic.conn.execute("DELETE FROM idexx_sync.sessions WHERE clinic_id = %s", (clinic.clinic_id,))
