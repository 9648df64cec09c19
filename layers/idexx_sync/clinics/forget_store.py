"""SQL of forgetting a clinic: all that we keep of it, counted or deleted (rule R25)."""

from uuid import UUID

from idexx_sync.core.errors import Conflict
from idexx_sync.database.connection import Conn


def kept_of(conn: Conn, clinic_id: UUID) -> dict[str, int]:
    """Table of ours -> how many rows of the clinic it has, where it has any."""
    return _forget(conn, clinic_id, really=False)


def forget(conn: Conn, clinic_id: UUID) -> dict[str, int]:
    """Delete them; table -> how many went.

    Conflict (clinic_on_board) while the clinic is switched on, or a run of it is under way.
    """
    gone = _forget(conn, clinic_id, really=True)
    if not gone and kept_of(conn, clinic_id):
        raise Conflict(
            "clinic_on_board",
            f"Clinic {clinic_id} is switched on, or a run of it is under way: nothing was deleted. "
            "Wait for its run to end, and switch it off: "
            f"idexx-sync clinics add {clinic_id} --stage off",
        )
    return gone


def _forget(conn: Conn, clinic_id: UUID, *, really: bool) -> dict[str, int]:
    rows = conn.execute(
        "SELECT relation, number FROM idexx_sync.forget_clinic(%s, %s)", (clinic_id, really)
    ).fetchall()
    return {relation: number for relation, number in rows if number}
