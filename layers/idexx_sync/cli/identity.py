"""`idexx-sync clinics identity …`: what a clinic's company is known by, or was mistaken for."""

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from idexx_sync.cli.arguments import ClinicArgument, Json
from idexx_sync.cli.context import cli_of
from idexx_sync.cli.errors import CommandError
from idexx_sync.cli.exits import Exit
from idexx_sync.cli.naming import clinic_meant
from idexx_sync.cli.phrases import moment, utc
from idexx_sync.cli.tables import Shown, fact_table, line
from idexx_sync.clinics.overview import ClinicOverview, clinic_overview
from idexx_sync.core.clinic_time import zone_of
from idexx_sync.pims.identity import FACETS, Identity
from idexx_sync.pims.identity_store import accept_identity


def identity(
    ctx: typer.Context,
    clinic: ClinicArgument,
    accept: Annotated[
        bool,
        typer.Option(
            "--accept", help="What was seen instead is the clinic's own: it was reorganised."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """By what a clinic's company is known, and what was seen instead.

    Ids only, never a name. While something else waits here, nothing of the clinic is synced.
    """
    cli = cli_of(ctx)
    with cli.database() as conn:
        clinic_id = clinic_meant(conn, clinic)
        overview = clinic_overview(conn, clinic_id)
        refused = overview.refused
        if accept:
            if refused is None or not accept_identity(conn, clinic_id, refused.at):
                raise _nothing_to_accept(clinic_id)
            cli.say("Accepted; the next run logs in and learns the rest.")
            overview = clinic_overview(conn, clinic_id)
    cli.answer({"identity": _data(overview)}, [_shown(overview)], as_json=as_json)


def _nothing_to_accept(clinic_id: object) -> CommandError:
    message = f"nothing else was seen that could be accepted for clinic {clinic_id}"
    return CommandError(message, kind="nothing_to_accept", exit_code=Exit.FAILED)


def _data(overview: ClinicOverview) -> dict[str, Any]:
    learned_at, refused = overview.identity_learned_at, overview.refused
    return {
        "clinic_id": str(overview.id),
        "version": overview.identity_version,
        "learned_at": None if learned_at is None else utc(learned_at),
        "learned": _ids(overview.identity),
        "seen_instead": None if refused is None else _ids(refused.seen),
        "differs": None if refused is None else refused.differs,
        "since": None if refused is None else utc(refused.since),
    }


def _ids(identity: Identity | None) -> dict[str, list[str]] | None:
    if identity is None:
        return None
    facets: dict[str, list[str]] = {
        facet: sorted(getattr(identity, facet), key=_in_order) for facet in FACETS
    }
    return {**facets, "branches": sorted(identity.branches, key=_in_order)}


def _in_order(id_: str) -> tuple[int, str]:
    return len(id_), id_


def _shown(overview: ClinicOverview) -> Shown:
    zone = zone_of(overview.timezone)
    if overview.identity is None:
        return line("Nothing is known yet: the clinic's first login shows it.")
    rows: list[tuple[str, str | None]] = [
        ("clinic", str(overview.id)),
        ("learned", moment(overview.identity_learned_at, zone)),
        *_listed(overview.identity, ""),
    ]
    if (refused := overview.refused) is not None:
        rows += [
            ("other since", moment(refused.since, zone)),
            ("differs", f"{refused.differs} (by id and name; names are not shown)"),
            *_listed(refused.seen, "seen "),
            ("if it is right", f"idexx-sync clinics identity {overview.id} --accept"),
            ("if it is not", f"idexx-sync credentials set --clinic {overview.id}"),
        ]
    return fact_table(rows)


def _listed(identity: Identity, prefix: str) -> Iterator[tuple[str, str]]:
    for name, ids in (_ids(identity) or {}).items():
        yield f"{prefix}{name}", ", ".join(ids) or "not said"
