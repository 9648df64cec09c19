"""Stopping a clinic or all of them by command, over the API and over the database."""

import re
from collections.abc import Iterator
from getpass import getuser

import pytest
from pydantic import SecretStr

from idexx_sync.core.settings import ClientSettings
from idexx_sync.database.whereabouts_store import named_by
from idexx_sync.keys.format import generate_key
from tests.kit.both_ways import World, world_in
from tests.kit.database import query
from tests.kit.lending import Lending
from tests.kit.rows import pause

BOTH = pytest.mark.parametrize("way", ["database", "api"])
WIDE = 5000
"""Nothing is wrapped."""


@pytest.fixture
def world(lending: Lending, database: str) -> Iterator[World]:
    with world_in(lending, database) as made:
        yield made


def lines(world: World, way: str, line: str, *more: str, code: int = 0) -> list[str]:
    """What is printed, with names in place of ids and times."""
    answer = world.run(way, line, *more, width=WIDE)
    assert answer.code == code, (line, answer.err)
    return [re.sub(r"  +", "  ", one.strip()) for one in world.told(answer.out).splitlines()]


@BOTH
def test_a_clinic_is_stopped_and_goes_on(world: World, way: str) -> None:
    paused = "paused since THEN by SOMEBODY: new rooms"
    goes_on = "idexx-sync clinics resume CLINIC"
    facts = [
        *("clinic  CLINIC", "paused  THEN by SOMEBODY", "why  new rooms"),
        f"goes on with  {goes_on}",
    ]
    assert lines(world, way, "clinics pause CALLED", "--reason", " new\trooms\u200b ") == [
        "Paused: no run begins, and one under way ends after its current piece.",
        *facts,
    ]
    again = lines(world, way, "clinics pause CLINIC --reason again")
    assert again == ["Nothing changed: it was paused already.", *facts]

    listed = lines(world, way, "clinics list")
    assert listed[1].startswith("live, paused, America/Los_Angeles; inbound paused, never ")
    assert listed[2].startswith(f"needs ODIS: {paused}; once it may go on: {goes_on} (and ")
    assert listed[4].startswith("live, America/Los_Angeles; inbound action required")  # West Barn
    shown = lines(world, way, "clinics show CLINIC")
    assert "stage  live, paused" in shown
    assert f"ODIS  {paused}; once it may go on: {goes_on}" in shown
    status = lines(world, way, "status", code=4)
    told = f" Clinic: ODIS has to act: {paused}; once it may go on: {goes_on} (and "
    assert sum(told in line for line in status) == 1
    needing = world.run(way, "status --json").json["needs_somebody"]
    assert needing[0]["since"] is not None
    (pauses,) = {
        str(one["pauses"][0]["reason"])
        for one in world.run(way, "clinics list --json").json["clinics"]
        if one["pauses"]
    }
    assert pauses == "new rooms"

    assert lines(world, way, "clinics resume CALLED", "--reason", "moved in") == [
        "It goes on: runs begin again.",
        *facts[:3],
        "resumed  THEN by SOMEBODY",
        "why again  moved in",
    ]
    assert lines(world, way, "clinics resume CLINIC") == [
        "Nothing changed: no pause of this clinic stood."
    ]
    assert "paused" not in world.run(way, "clinics list").out


@BOTH
def test_who_stops_runs_is_told_how_many_are_under_way(world: World, way: str) -> None:
    one = "1 run is under way: idexx-sync jobs list --status running"
    world.order()
    assert "under way:" not in " ".join(lines(world, way, "pause --all --reason first"))
    world.bench.conn.execute(
        "UPDATE idexx_sync.jobs SET status = 'running', started_at = clock_timestamp() "
        "WHERE id = %s",
        (world.names["QUEUED"],),
    )

    assert lines(world, way, "pause --all --reason again")[-1] == one
    of_clinic = lines(world, way, "clinics pause CLINIC --reason again")
    assert of_clinic[-1] == f"{one} --clinic CLINIC"
    other = lines(world, way, f"clinics pause {world.api.other_clinic} --reason again")
    assert "under way:" not in " ".join(other)


def with_stage(world: World, stage: str) -> None:
    world.bench.conn.execute("UPDATE idexx_sync.clinic_settings SET stage = %s", (stage,))


@BOTH
def test_everything_is_stopped_now_and_goes_on(world: World, way: str) -> None:
    facts = ["clinic  all", "paused  THEN by SOMEBODY", "why  Neo asked us to"]
    reason = ("--reason", "Neo asked us to")
    told = "since THEN by SOMEBODY: Neo asked us to; once it may go on: idexx-sync resume --all"
    pause(world.bench.conn, world.api.other_clinic)
    assert lines(world, way, "pause --all", *reason) == [
        "Paused: no run begins, and one under way ends after its current piece.",
        *facts,
        "goes on with  idexx-sync resume --all",
    ]
    assert lines(world, way, "pause --all", *reason)[0] == "Nothing changed: it was paused already."

    listed = lines(world, way, "clinics list")
    assert listed[0] == f"All clinics: paused {told}"
    assert sum("live, paused with all clinics, " in one for one in listed) == 2
    assert lines(world, way, "status", code=4)[0] == f"All clinics: paused {told}"
    assert world.run(way, "status --json").json["all_paused"]["reason"] == "Neo asked us to"
    with_stage(world, "off")  # nobody is needed for any other reason
    assert lines(world, way, "status", code=4)[0] == f"All clinics: paused {told}"
    with_stage(world, "live")
    assert f"ODIS  paused with all clinics {told}" in lines(world, way, "clinics show CLINIC")

    for line in (
        "jobs retry FAILED",
        "holds approve HOLD --seen SEEN --yes",
        "holds revive HOLD --yes",
    ):
        refused = world.run(way, line, "--json")
        error = refused.json["error"]
        assert (refused.code, error["kind"]) == (1, "clinic_paused")
        assert world.told(error["message"]) == (
            f"The clinic is paused with all clinics {told}".replace(
                "; once", "; no run is ordered meanwhile; once"
            )
        )
    assert world.bench.holds()[0]["status"] == "open"
    jobs = query(world.bench.conn, "SELECT id FROM idexx_sync.jobs")

    assert lines(world, way, "clinics resume CLINIC") == [
        "Nothing changed: no pause of this clinic stood.",
        f"The clinic stays paused with all clinics {told}",
    ]
    assert lines(world, way, "resume --all") == [
        "All others go on.",
        *facts,
        "resumed  THEN by SOMEBODY",
        "Clinic OTHER stays paused since THEN by Kim: moving; "
        "once it may go on: idexx-sync clinics resume OTHER",
    ]
    assert lines(world, way, "resume --all")[0] == (
        "Nothing changed: no pause of all clinics stood."
    )
    assert query(world.bench.conn, "SELECT id FROM idexx_sync.jobs") == jobs
    assert world.run(way, "status --json").json["all_paused"] is None
    world.bench.pims.records = []
    assert world.run(way, "jobs retry FAILED").code in (0, 3, 4)


@BOTH
def test_a_clinic_whose_own_pause_ends_stays_paused_with_all(world: World, way: str) -> None:
    pause(world.bench.conn, None, "Neo is down")
    pause(world.bench.conn, world.bench.clinic_id)

    said = lines(world, way, "clinics resume CLINIC")

    assert said[0] == "Its own pause has ended."
    assert said[-1].startswith("The clinic stays paused with all clinics since THEN by Kim: Neo ")
    assert "live, paused with all clinics" in world.run(way, "clinics list").out
    assert lines(world, way, "resume --all")[0] == "It goes on: runs begin again."
    assert "paused" not in world.run(way, "clinics list").out


WRONG = [
    ("clinics pause CLINIC", (), "--reason"),
    ("clinics pause CLINIC", ("--reason", ""), "--reason"),
    ("clinics pause CLINIC", ("--reason", " \t\n"), "--reason"),
    ("clinics pause CLINIC", ("--reason", "\u200b\u2060\x07"), "--reason"),
    ("clinics pause CLINIC", ("--reason", "x" * 501), "has 501 characters, at most 500 fit"),
    ("clinics pause CLINIC", ("--all", "--reason", "moving"), "--all"),
    ("clinics pause", ("--reason", "moving"), "CLINIC"),
    ("clinics pause", ("", "--reason", "moving"), "CLINIC"),
    ("clinics pause west", ("--reason", "moving"), "may mean several clinics"),
    ("clinics resume CLINIC", ("--reason", ""), "--reason"),
    ("pause", ("--reason", "moving"), "give --all; or name one: idexx-sync clinics pause CLINIC"),
    ("pause --all", (), "--reason"),
    ("pause --all", ("--reason", "x" * 501), "has 501 characters"),
    ("pause CLINIC --all", ("--reason", "moving"), "unexpected extra argument"),
    ("resume", (), "give --all; or name one: idexx-sync clinics resume CLINIC"),
    ("resume CLINIC --all", (), "unexpected extra argument"),
]


@BOTH
def test_what_is_not_clear_stops_nobody(world: World, way: str) -> None:
    for line, more, named in WRONG:
        answer = world.run(way, line, *more, width=WIDE)
        assert (answer.code, answer.out) == (2, ""), (line, more)
        assert named in answer.err, (line, more, answer.err)
    for line in ("clinics pause NOTHING --reason moving", "clinics resume NOTHING"):
        answer = world.run(way, line, "--json")
        assert (answer.code, answer.json["error"]["kind"]) == (1, "not_found")
    assert query(world.bench.conn, "SELECT id FROM idexx_sync.pauses") == []


def test_who_it_was_can_be_named_on_the_database_and_over_the_api_it_is_the_key(
    world: World,
) -> None:
    assert world.run("database", "clinics pause CLINIC --reason moving --by Kim").code == 0
    assert world.run("database", "pause --all --reason moving").code == 0
    refused = world.run("api", "clinics resume CLINIC --by Lee")

    assert (refused.code, refused.out) == (2, "")
    assert "'--by'" in refused.err
    found = query(world.bench.conn, "SELECT paused_by FROM idexx_sync.pauses ORDER BY paused_at")
    assert [one["paused_by"] for one in found] == ["Kim", getuser()]


def test_a_clinics_own_key_pauses_nobody(world: World) -> None:
    key = SecretStr(world.api.key(world.bench.clinic_id))
    world.over_api.client_settings = ClientSettings(api_url=world.server.url, api_key=key)

    for line, scope in (
        ("clinics pause CLINIC --reason moving", "clinics:write"),
        ("clinics resume CLINIC", "clinics:write"),
        ("pause --all --reason moving", "fleet:write"),
        ("resume --all", "fleet:write"),
    ):
        answer = world.run("api", line)
        assert answer.code == 5
        assert scope in answer.err
    assert query(world.bench.conn, "SELECT id FROM idexx_sync.pauses") == []


def test_before_production_is_stopped_it_is_said_where(world: World) -> None:
    world.database.stage = "prod"
    told = named_by(world.database.settings.database_url)
    assert told is not None
    place = f"prod: the database {told.name} at 127.0.0.1 as {told.role}"

    for line in (
        "clinics pause CLINIC --reason moving",
        "clinics resume CLINIC",
        "pause --all --reason moving",
        "resume --all",
    ):
        assert world.run("database", line).err.splitlines() == [place]
    world.over_api.client_settings = ClientSettings(
        api_url=world.server.url, api_key=SecretStr(generate_key("prod"))
    )
    for line in ("clinics resume CLINIC", "resume --all", "pause --all --reason moving"):
        refused = world.run("api", line)
        assert refused.code == 5
        assert refused.err.splitlines()[0] == f"prod: the API at {world.server.url}"
