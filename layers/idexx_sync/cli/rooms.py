"""`idexx-sync clinics rooms`: the calendar columns that a clinic's Neo has, and which count."""

from collections.abc import Sequence
from typing import Any

import typer

from idexx_sync.cli.arguments import ClinicArgument, Json
from idexx_sync.cli.context import cli_of
from idexx_sync.cli.exits import Exit
from idexx_sync.cli.looking import look_at
from idexx_sync.cli.tables import Shown, line, listing
from idexx_sync.pims.protocol import Pims, Room


def rooms(ctx: typer.Context, clinic: ClinicArgument, as_json: Json = False) -> int:
    """The rooms that its Neo has, and which of them count.

    Changes nothing. Neo is asked with the session that is stored; no login is made.
    """
    cli = cli_of(ctx)
    with look_at(cli, clinic, offline=False) as look:
        clinic_id = look.clinic.id
        found: Sequence[Room] | str = look.ask(_rooms_of, lambda why: why)
        wanted = look.clinic.room_ids
    data: dict[str, Any] = {"clinic_id": str(clinic_id), "rooms": None, "unknown": None}
    if isinstance(found, str):
        cli.answer({**data, "not_asked": found}, [line(f"Neo: {found}")], as_json=as_json)
        return Exit.WARNINGS
    known = {room.id for room in found}
    unknown = [id_ for id_ in wanted or () if id_ not in known]
    data["rooms"] = [
        {"id": room.id, "name": room.name, "counts": _counts(room, wanted)} for room in found
    ]
    data |= {"unknown": unknown, "not_asked": None}
    cli.answer(data, _shown(found, wanted, unknown, str(clinic_id)), as_json=as_json)
    return Exit.WARNINGS if unknown else Exit.OK


def _rooms_of(pims: Pims) -> Sequence[Room] | str:
    return pims.configuration().rooms


def _counts(room: Room, wanted: Sequence[str] | None) -> bool:
    return wanted is None or room.id in wanted


def _shown(
    found: Sequence[Room], wanted: Sequence[str] | None, unknown: Sequence[str], clinic_id: str
) -> list[Shown]:
    rows = [(room.id, room.name, "yes" if _counts(room, wanted) else "no") for room in found]
    parts: list[Shown] = [listing(("Room", "Name", "Counts"), rows, whole=("Room",))]
    if not found:
        parts = [line("Neo shows no rooms.")]
    if unknown:
        named = ", ".join(unknown)
        parts.append(line(f"Of the clinic's list Neo does not have: {named}", "red"))
    if wanted is None:
        parts.append(line("All count; to choose:"))
    else:
        parts.append(line("Only those of the clinic's list count; to name it anew:"))
    chosen = " ".join(f"--room {room.id}" for room in found if _counts(room, wanted))
    parts.append(line(f"  idexx-sync clinics add {clinic_id} {chosen or '--all-rooms'}"))
    return parts
