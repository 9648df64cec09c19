"""Job and hold commands over the API and over the database: the same output, the same deeds."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from idexx_sync.cli.watching import FAILURES_IN_A_ROW, LOOKS_EVERY_S
from idexx_sync.core.errors import ConfigurationInvalid, ShapeChanged
from idexx_sync.core.settings import ClientSettings
from idexx_sync.core.vocabulary import SCOPES
from idexx_sync.database.whereabouts_store import named_by
from idexx_sync.keys.format import generate_key
from idexx_sync.operations.hints import OVER_API, for_the_api
from idexx_sync.syncs.inbound.sync import InboundSync
from tests.kit.both_ways import World, world_in
from tests.kit.clinic import add_user
from tests.kit.database import query
from tests.kit.gateway import Response
from tests.kit.lending import Lending
from tests.kit.records import visit, visits
from tests.kit.rows import add_alert, add_credentials, add_job, add_letter
from tests.kit.shelf import Shelf

LOOKED_AT = [
    "jobs list",
    "jobs list --limit 2",
    "jobs list --clinic CLINIC",
    "jobs list --clinic NOTHING",
    "jobs list --clinic CALLED",
    "jobs list --clinic BEGINS",
    "jobs list --clinic nobody",
    "jobs list --clinic A",
    "jobs list --status failed --sync inbound --since 2026-05-04",
    "jobs list --status held --since 2026-05-05",
    "jobs list --sync cases",
    "jobs show GOOD-",
    "jobs show beef",
    "jobs show NEAR",
    "jobs show abc",
    "jobs changes GOOD",
    "jobs changes GOOD- --values",
    "jobs changes GOOD --limit 5",
    "jobs changes DRY",
    "jobs changes FAILED",
    "jobs changes QUEUED",
    "jobs changes NOTHING",
    "jobs show NIGHT",
    "reconciliation show NIGHT",
    "reconciliation show NIGHT- --cause moved",
    "reconciliation show NIGHT --kind case --outcome reported --limit 1",
    "reconciliation show NIGHT --missed-by cases",
    "reconciliation show NIGHT --cause sorrow",
    "reconciliation show GOOD",
    "reconciliation show NOTHING",
    "reconciliation show beef",
    "reconciliation show nonsense",
    "reconciliation trend --clinic CLINIC",
    "reconciliation trend --clinic CALLED --days 1",
    "reconciliation trend --clinic CLINIC --days 0",
    "reconciliation trend --clinic OTHER",
    "reconciliation trend --clinic NOTHING",
    "clinics list",
    "clinics list --limit 1",
    "clinics list --status on_time",
    "clinics list --status action_required --sync inbound",
    "clinics list --sync cases",
    "jobs show GOOD",
    "jobs show DRY",
    "jobs show FAILED",
    "jobs show HELD",
    "jobs show QUEUED",
    "jobs show NOTHING",
    "jobs show nonsense",
    "jobs watch HELD",
    "jobs watch FAILED",
    "jobs watch NOTHING",
    "jobs watch QUEUED --timeout 0",
    "jobs cancel GOOD",
    "jobs cancel NOTHING",
    "jobs retry QUEUED",
    "jobs retry NOTHING",
    "holds list",
    "holds list --status open --limit 1",
    "holds list --status rejected",
    "holds list --clinic CLINIC",
    "holds list --clinic NOTHING",
    "holds list --clinic CALLED --sync inbound --since 2026-05-04",
    "holds list --since 2026-05-05",
    "holds show HOLD-",
    "holds show HOLD",
    "holds show NOTHING",
    "holds approve NOTHING --seen SEEN --yes",
    "holds reject NOTHING --seen SEEN --yes",
    "holds approve HOLD --seen another --yes",
    "holds reject HOLD --seen another --yes",
    "holds approve HOLD",
    "holds approve HOLD --yes",
    "holds reject HOLD --seen SEEN",
    "holds reopen HOLD",
    "holds reopen HOLD --yes",
    "holds reopen HOLD --seen SEEN --yes",
    "holds reopen HOLD --seen another --yes",
    "holds reopen NOTHING --yes",
    "holds revive HOLD",
    "holds revive HOLD --yes",
    "holds revive HOLD --seen another --yes",
    "ticks",
    "ticks CLINIC",
    "ticks --sync cases --missed",
    "ticks CLINIC --missed --limit 1",
    "ticks NOTHING",
    "dead-letters list",
    "dead-letters list --status parked --limit 1",
    "dead-letters list --status discarded",
    "dead-letters list --clinic CLINIC --sync inbound --since 2026-05-04",
    "dead-letters list --clinic NOTHING",
    "dead-letters show LETTER",
    "dead-letters show DEAD-",
    "dead-letters show GARBAGE",
    "dead-letters show NOTHING",
    "dead-letters show beef",
    "dead-letters show nonsense",
    "dead-letters retry GARBAGE",
    "dead-letters retry NOTHING",
    "dead-letters discard LETTER",
    "dead-letters discard NOTHING --reason checked",
    "dead-letters discard DEAD --reason checked",
    "alerts list",
    "alerts list --limit 1 --status open --kind held --sync inbound",
    "alerts list --status closed",
    "alerts list --kind shape-changed",
    "alerts list --kind sorrow",
    "alerts list --clinic CALLED --since 2026-05-04",
    "alerts list --clinic OTHER",
    "alerts list --clinic NOTHING",
    "alerts list --since 2026-05-05",
    "alerts show ALERT",
    "alerts show ALERT-",
    "alerts show NOTHING",
    "alerts show beef",
    "alerts show abc",
    "alerts ack NOTHING",
    "alerts mute ALERT",
    "alerts mute ALERT --until yesterday",
    "alerts mute ALERT --until infinity",
    "alerts mute ALERT --until 2026-05-04T09:00",
    "alerts mute ALERT --until 9999-12-31T23:59-14:00",
    "alerts mute ALERT --until 0001-01-01T00:00+14:00",
    "alerts mute NOTHING --until 2026-05-05",
    "alerts unmute NOTHING",
    "clinics pause CLINIC",
    "clinics pause CLINIC --all --reason moving",
    "clinics pause NOTHING --reason moving",
    "clinics pause west --reason moving",
    "clinics resume CLINIC",
    "clinics resume CALLED --reason moved",
    "clinics resume NOTHING",
    "pause",
    "pause --all",
    "pause --reason moving",
    "pause CLINIC --all --reason moving",
    "resume",
    "resume --all",
]
"""Nothing is changed by any of them."""
DONE = [
    "jobs watch QUEUED",
    "jobs cancel QUEUED",
    "jobs retry FAILED",
    "jobs retry DRY",
    "holds approve HOLD --seen SEEN --yes --reason checked",
    "holds reject HOLD --seen SEEN --yes --reason checked",
    "dead-letters retry LETTER",
    "dead-letters retry DEAD",
    "dead-letters discard LETTER --reason checked",
    "alerts ack ALERT-",
    "alerts mute ALERT- --until 2026-05-05",
    "alerts mute ALERT --until 2026-05-04T18:00-07:00",
    "alerts unmute ALERT",
    "clinics pause CALLED --reason moving",
    "pause --all --reason moving",
]


@pytest.fixture
def world(lending: Lending, database: str) -> Iterator[World]:
    with world_in(lending, database) as made:
        yield made


@pytest.fixture
def twin(shelf: Shelf) -> Iterator[World]:
    """Another database with the same history."""
    name = shelf.take()
    with world_in(shelf.lending, shelf.postgres.dsn(name)) as made:
        yield made
    shelf.give_back(name)


def test_what_is_shown_is_the_same(world: World) -> None:
    world.order()
    before = world.state()

    for line in LOOKED_AT:
        for more in ((), ("--json",)):
            here, there = (world.run(way, line, *more, width=WIDE) for way in ("database", "api"))
            assert (there.code, there.out) == (here.code, for_the_api(here.out)), line
            assert bool(here.out) == (here.code in (0, 3, 4, 6) or "--json" in more), line
            if here.code == 2:
                assert there.err == here.err, line

    assert world.state() == before
    assert len(world.server.seen) > len(LOOKED_AT)


@pytest.mark.parametrize("line", DONE)
def test_what_is_done_is_the_same(world: World, twin: World, line: str) -> None:
    if "QUEUED" in line:
        world.order()
        twin.order()

    here, there = world.run("database", line), twin.run("api", line)

    assert (there.code, twin.told(there.out)) == (here.code, world.told(here.out))
    assert twin.state() == world.state()
    again, there_again = world.run("database", line, "--json"), twin.run("api", line, "--json")
    assert there_again.code == again.code
    assert twin.told(there_again.out) == world.told(again.out)
    if line.startswith("jobs retry") and again.code == 3:  # only one way asks the API
        names_it = ['"request_id": "' in answer.out for answer in (again, there_again)]
        assert names_it == [False, True]


WIDE = 5000
"""Nothing is wrapped."""
BOTH = pytest.mark.parametrize("way", ["database", "api"])


def discard_all(world: World) -> None:
    world.bench.conn.execute(
        "UPDATE idexx_sync.dead_letters SET status = 'discarded', ended_at = idexx_sync.clock() "
        "WHERE status = 'parked'"
    )


@BOTH
def test_status_tells_of_letters_that_wait_for_a_person(world: World, way: str) -> None:
    waits = ": idexx-sync dead-letters list --status parked"
    answer = world.run(way, "status")
    assert answer.code == 4
    assert answer.out.splitlines()[0] == f"2 dead letters wait for a person{waits}"
    assert world.run(way, "status", "--json").json["parked_letters"] == 2
    world.bench.conn.execute("UPDATE idexx_sync.clinic_settings SET stage = 'off'")
    assert world.run(way, "status").code == 4

    discard_all(world)
    answer = world.run(way, "status")
    assert (answer.code, "dead letter" in answer.out) == (0, False)


def test_status_tells_a_key_of_its_own_letters(world: World) -> None:
    key = SecretStr(world.api.key(world.bench.clinic_id))
    world.over_api.client_settings = ClientSettings(api_url=world.server.url, api_key=key)

    first = world.run("api", "status").out.splitlines()[0]
    assert first.startswith("1 dead letter waits for a person: ")


@BOTH
def test_a_letter_of_a_clinic_that_is_not_in_odis_can_only_be_discarded(
    world: World, way: str
) -> None:
    nowhere = {"v": 1, "clinic_id": world.names["NOTHING"], "sync": "inbound"}
    told: dict[str, Any] = {"reason": "unknown_clinic", "event": nowhere}
    letter_id = str(add_letter(world.bench.conn, None, **told))
    refused = world.run(way, f"dead-letters retry {letter_id}", width=WIDE)
    assert refused.code == 1
    assert "its clinic is not in ODIS; then let nothing come of it" in refused.err
    assert f"idexx-sync dead-letters discard {letter_id} --reason TEXT" in refused.err
    assert "list them with" not in refused.err


@BOTH
def test_a_letter_that_cannot_be_ordered_again_says_so_wherever_it_is_seen(
    world: World, way: str
) -> None:
    why = "can't be ordered again by itself: it is not JSON; where a run is missing, order it: "
    discard = f"idexx-sync dead-letters discard {world.names['GARBAGE']} --reason TEXT"
    shown = world.run(way, "dead-letters show GARBAGE", width=WIDE).out
    refused = world.run(way, "dead-letters retry GARBAGE", width=WIDE).err
    for told in (shown, refused):
        assert why in told
        assert discard in told
    assert "Order it again" not in shown
    assert "Order it again" in world.run(way, "dead-letters show LETTER", width=WIDE).out


@BOTH
def test_a_reason_to_discard_and_lists_without_anything_are_told_as_elsewhere(
    world: World, way: str
) -> None:
    blank = world.run(way, "dead-letters discard LETTER --reason", " ", width=WIDE)
    assert (blank.code, "leave the option out" in blank.err) == (2, False)
    assert "say in a few words why" in blank.err
    none = world.run(way, "dead-letters list --sync cases").out
    assert none == "There are no such dead letters.\n"
    assert "not muted" in world.run(way, "alerts unmute ALERT").out
    world.run(way, "alerts mute ALERT --until 2026-05-05")
    assert world.run(way, "alerts unmute ALERT").out.startswith("It is muted no longer.")


@BOTH
def test_lists_tell_whose_it_is_how_it_stands_and_who_is_needed(world: World, way: str) -> None:
    first, about, needed = world.run(way, "jobs list").out.splitlines()[:3]

    assert first.startswith(world.names["HELD"])
    assert first.endswith("  West Animal Clinic  inbound by schedule")
    clinic_id = world.names["CLINIC"]
    assert needed == f"    decide: idexx-sync holds list --clinic {clinic_id} --status open"
    assert "inbound action required, never succeeded, next run 2026-05-04 07:30 PDT" in about

    (hold, *_, needed) = world.run(way, "holds list").out.splitlines()
    assert hold.endswith("  West Animal Clinic  inbound  open")
    assert needed == f"    decide: idexx-sync holds show {world.names['HOLD']}"

    clinics = world.run(way, "clinics list", width=WIDE).out.splitlines()
    assert [clinics[0], clinics[3]] == [
        f"{world.names['CLINIC']}  West Animal Clinic",
        f"{world.names['OTHER']}  West Barn",
    ]
    assert clinics[1].endswith("; 1 open hold; 1 open alert")
    assert clinics[2].startswith("    needs ODIS: credentials: none yet; ")


@BOTH
def test_status_names_each_clinic_that_needs_somebody_in_one_line(world: World, way: str) -> None:
    discard_all(world)
    answer = world.run(way, "status")
    west, barn, rest = answer.out.splitlines()

    assert answer.code == 4
    assert west.startswith("West Animal Clinic: ODIS has to act: credentials: none yet; ")
    assert barn.startswith("West Barn: ODIS has to act: credentials: none yet; ")
    assert rest == "0 of 2 clinics on board need nobody"
    next_one = f"idexx-sync clinics show {world.names['CLINIC']}"
    assert west.endswith(f" (and 2 more: {next_one})")
    told = world.run(way, "status", "--json").json
    assert [one["who"] for one in told["needs_somebody"]] == ["odis", "odis"]

    world.bench.conn.execute("UPDATE idexx_sync.clinic_settings SET stage = 'off'")
    answer = world.run(way, "status")
    assert (answer.code, answer.out) == (
        0,
        "0 of 0 clinics on board need nobody; not on board: 2\n",
    )


@BOTH
def test_what_may_mean_several_is_not_guessed(world: World, way: str) -> None:
    for line, what in (("jobs cancel NEAR", "jobs"), ("jobs list --clinic west", "clinics")):
        answer = world.run(way, line, "--json")

        error = answer.json["error"]
        assert (answer.code, error["kind"]) == (2, "ambiguous")
        assert f"may mean several {what}, so nothing was done" in error["message"]
        assert len(error["candidates"]) == 2
        assert all(id_ in error["message"] for id_ in error["candidates"])
    answer = world.run(way, "holds approve beef --seen SEEN --yes")
    assert (answer.code, answer.out) == (1, "")
    assert "list them with: idexx-sync holds list" in answer.err


@BOTH
@pytest.mark.parametrize(
    ("until", "said"),
    [
        ("2026-05-04", "until: is over already; give a moment that lies ahead"),
        ("2026-05-04T09:00+14:00", "until: is over already; give a moment that lies ahead"),
        ("2027-06-01", "until: at most 366 days from now"),
        ("2199-12-31T23:59-14:00", "until: at most 366 days from now"),
    ],
)
def test_a_mute_that_is_over_or_has_no_end_is_refused_by_name(
    world: World, way: str, until: str, said: str
) -> None:
    answer = world.run(way, f"alerts mute ALERT --until {until}")

    assert (answer.code, answer.out) == (1, "")
    assert said in answer.err
    assert query(world.bench.conn, "SELECT muted_until FROM idexx_sync.alerts") == [
        {"muted_until": None}
    ]


@BOTH
def test_a_failure_is_told_seen_and_closed_by_the_next_success(world: World, way: str) -> None:
    world.bench.pims.records = visits(12)
    world.bench.pims.error = ShapeChanged("an answer has no list of visits", code="no_data")
    job = world.bench.sync()

    first, about, needed = world.run(way, "alerts list --kind shape-changed").out.splitlines()
    id_ = first.split()[0]
    assert first.endswith("  West Animal Clinic  shape changed  open")
    assert about == "    An answer of Neo no longer has the shape that is read (no data)"
    assert needed == (
        "    needs ODIS: The reader has to be changed; look at what the job found: "
        f"idexx-sync jobs show {job.id}"
    )
    needs = world.run(way, "clinics show CALLED", width=WIDE).out
    assert f"an answer has no list of visits (idexx-sync alerts show {id_[:8]})" in needs

    acked = world.run(way, f"alerts ack {id_[:8]}")
    assert (acked.code, acked.out.splitlines()[0][:16]) == (0, "Acknowledged by ")
    again = world.run(way, f"alerts ack {id_[:8]}", "--json")
    assert (again.code, again.json["alert"]["times"]) == (0, 1)
    told = world.run(way, f"alerts ack {id_[:8]}").out
    assert told.startswith("It was acknowledged already, by ")
    assert "acknowledged by" in world.run(way, "clinics show CALLED", width=WIDE).out

    world.bench.pims.error = None
    world.bench.later()
    assert world.bench.run(InboundSync()).status == "succeeded"
    closed = world.run(way, f"alerts show {id_}").out
    assert re.search(r"status +closed 2026-05-04 07:30 PDT: a run went well", closed)
    assert " next " not in closed
    assert world.run(way, "alerts list --status open").out == "There are no such alerts.\n"
    assert id_[:8] not in world.run(way, "clinics show CALLED", width=WIDE).out
    nothing_left = world.run(way, "alerts ack ALERT").out
    assert nothing_left.startswith("It is closed (a run went well); there is nothing to ackn")


@BOTH
def test_what_many_clinics_have_alike_is_the_first_that_status_says(world: World, way: str) -> None:
    conn = world.bench.conn
    ended = world.bench.now + timedelta(minutes=1)
    many = add_alert(conn, None, "internal", clinics=9, job_id=world.names["HELD"])
    told: dict[str, Any] = {"incident_id": many, "code": "no_such_column"}
    for clinic_id in (world.names["CLINIC"], world.names["OTHER"]):
        add_credentials(conn, UUID(clinic_id))
        add_job(conn, UUID(clinic_id), ended, "dead", error_kind="internal", error_message="x")
        add_alert(conn, UUID(clinic_id), "internal", **told)
    acting = (add_user(conn),)
    conn.execute("UPDATE idexx_sync.clinic_settings SET acting_user_id = %s", acting)
    conn.execute("UPDATE idexx_sync.holds SET status = 'closed'")
    discard_all(world)

    answer = world.run(way, "status")

    assert answer.code == 4
    assert answer.out.splitlines() == [
        "A run ended at a defect of ours, in 2 of 2 clinics, since 2026-05-04 14:15 UTC; "
        f"idexx-sync alerts show {many}",
        "Told by that alone: 2 clinics",
        "0 of 2 clinics on board need nobody",
    ]
    shown = world.run(way, f"alerts show {many}", width=WIDE).out
    assert "at the newest job (idexx-sync jobs show " in shown
    listed = world.run(way, "alerts list --status open", width=WIDE).out
    assert listed.count(f"one alert stands for them: idexx-sync alerts show {many}") == 2
    data = world.run(way, "status", "--json").json
    assert [one["id"] for one in data["alerts_of_many"]] == [str(many)]
    assert len(data["needs_somebody"]) == 2

    conn.execute("DELETE FROM idexx_sync.credentials WHERE clinic_id = %s", (world.names["OTHER"],))
    first, alone, barn, _ = world.run(way, "status").out.splitlines()
    assert (first.startswith("A run ended"), alone) == (True, "Told by that alone: 1 clinic")
    assert barn.startswith("West Barn: ODIS has to act: credentials: none yet")


@BOTH
def test_a_list_that_is_cut_says_so(world: World, way: str) -> None:
    for line in ("jobs list --limit 2", "clinics list --limit 1", "jobs changes GOOD --limit 3"):
        limit = line.split()[-1]
        assert f"... and more than these {limit}; --limit" in world.run(way, line).out
        assert world.run(way, line, "--json").json["more"] is True
    assert "and more than" not in world.run(way, "jobs list").out


@BOTH
def test_a_run_in_shadow_says_so_and_would_wherever_it_is_shown(world: World, way: str) -> None:
    world.bench.conn.execute("UPDATE idexx_sync.clinic_settings SET stage = 'shadow'")
    world.bench.pims.records = [visit("700001", "2026-05-07 09:00:00")]
    world.order()
    watched = world.run(way, "jobs watch QUEUED")
    shown = world.run(way, "jobs show QUEUED")
    listed = world.run(way, "jobs list --limit 1")

    assert "nothing of ODIS was written; shadow: would create 1" in shown.out
    assert "would be created" in shown.out
    assert "shadow: would create 1" in listed.out
    assert watched.out == shown.out
    for said in (watched.out, shown.out, listed.out, world.run(way, "status").out):
        assert not re.search(r"\d (created|updated|removed)", said)
    assert "West Animal Clinic (shadow): " in world.run(way, "status").out
    told = world.run(way, "jobs show QUEUED", "--json").json["job"]
    assert told["summary"].startswith("shadow: would create 1")
    assert "Nothing was written, see what would be" in world.run(way, "jobs changes QUEUED").out


def test_over_the_api_no_command_is_named_that_needs_the_database(world: World) -> None:
    here, there = (
        world.run("database", "clinics show CALLED"),
        world.run("api", "clinics show CALLED"),
    )
    assert f"credentials set --clinic {world.names['CLINIC']}" in here.out
    assert "credentials: none yet; ask whoever has access to the database" in there.out
    told = [
        world.run("api", f"{line}{more}").out
        for line in (
            "clinics show CALLED",
            "clinics list",
            "status",
            "jobs list",
            "jobs show GOOD",
            "alerts list",
            "alerts show ALERT",
        )
        for more in ("", " --json")
    ]
    commands = set(re.findall(r"idexx-sync ([a-z-]+ ?[a-z]*)", " ".join(told)))
    assert commands
    assert all(re.match("|".join(OVER_API), command) for command in commands), commands


def test_where_one_is_and_as_whom(world: World) -> None:
    here, there = (world.run(way, "whoami", "--json").json for way in ("database", "api"))

    role = conninfo_to_dict(world.database.settings.database_url.get_secret_value())["user"]
    assert (here["stage"], here["role"]) == ("test", role)
    assert (here["host"], here["api"]) == ("127.0.0.1", None)
    assert (there["stage"], there["api"]) == ("not prod, by the key", world.server.url)
    assert there["acts_for"] == "every clinic (operator)"
    assert there["scopes"] == sorted(SCOPES)
    key = world.over_api.client_settings.api_key
    assert key is not None
    said = world.run("api", "whoami").out + world.run("database", "whoami").out
    assert key.get_secret_value() not in said
    assert there["key"] in said


def test_before_a_command_that_writes_in_production_it_is_said_where(world: World) -> None:
    assert world.run("database", "holds reopen HOLD").err.count("prod: ") == 0
    world.database.stage = "prod"
    told = named_by(world.database.settings.database_url)
    assert told is not None
    place = f"prod: the database {told.name} at 127.0.0.1 as {told.role}"

    assert world.run("database", "holds reopen HOLD").err.splitlines()[0] == place
    assert world.run("database", "clinics add CLINIC --json").err.splitlines()[0] == place
    assert "prod: " not in world.run("database", "holds show HOLD").err
    assert "prod: " not in world.run("database", "holds revive --help").err
    world.over_api.client_settings = ClientSettings(
        api_url=world.server.url, api_key=SecretStr(generate_key("prod"))
    )
    refused = world.run("api", "jobs cancel GOOD")
    assert refused.code == 5
    assert refused.err.splitlines()[0] == f"prod: the API at {world.server.url}"


def test_who_has_only_the_api_is_told_what_it_can_do(world: World) -> None:
    def lacking() -> Any:
        raise ConfigurationInvalid("set DATABASE_URL: missing", code="settings")

    world.over_api.load_settings = lacking
    answer = world.run("api", "sync inbound --clinic CLINIC")

    assert (answer.code, answer.out) == (1, "")
    assert "this command asks the database, and not the API" in answer.err
    assert "idexx-sync jobs, idexx-sync holds, idexx-sync clinics list" in answer.err


def test_a_key_that_may_not_look_at_clinics_lists_holds_all_the_same(world: World) -> None:
    key = world.api.key(None, "holds:read")
    command_line = world.database.over_api(world.server.url, key)

    answer = command_line("holds", "list")

    assert answer.code == 0
    assert f"  clinic {world.names['CLINIC']}  inbound  open" in answer.out
    assert command_line("clinics", "list").code == 5


def test_more_jobs_than_a_page_holds_are_listed_once_each(world: World) -> None:
    world.bench.conn.execute(
        """
        INSERT INTO idexx_sync.jobs (id, clinic_id, sync, trigger, status, queued_at, finished_at)
        SELECT gen_random_uuid(), %s, 'inbound', 'schedule', 'succeeded',
               idexx_sync.clock(), idexx_sync.clock()
          FROM generate_series(1, 250)
        """,
        (world.bench.clinic_id,),
    )

    for limit in (100, 101, 256, 1000):
        here, there = (
            world.run(way, f"jobs list --limit {limit} --json") for way in ("database", "api")
        )
        assert there.out == here.out
        assert len(there.json["jobs"]) == min(limit, 258)


class TestWatch:
    @pytest.mark.parametrize("way", ["database", "api"])
    def test_changes_are_told_on_standard_error(self, world: World, way: str) -> None:
        world.order()
        states = iter([("queued", 0), ("queued", 0), ("running", 1), ("running", 2), None])

        def next_state() -> None:
            if (state := next(states)) is None:
                world.bench.conn.execute("UPDATE idexx_sync.jobs SET status = 'queued'")
                world.api.work()
                return
            world.bench.conn.execute(
                "UPDATE idexx_sync.jobs SET status = %s, attempt = %s WHERE id = %s",
                (*state, world.names["QUEUED"]),
            )

        for command_line in (world.database, world.over_api):
            command_line.while_waiting = next_state
        answer = world.run(way, "jobs watch QUEUED")

        assert answer.code == 3
        assert world.told(answer.err).splitlines() == [
            "job QUEUED: queued",
            "job QUEUED: running",
            "job QUEUED: running, attempt 2",
        ]

    @pytest.mark.parametrize("way", ["database", "api"])
    def test_a_time_limit_ends_the_watch_and_not_the_job(self, world: World, way: str) -> None:
        world.order()
        command_line = world.over_api if way == "api" else world.database
        command_line.while_waiting = lambda: None
        world.bench.conn.execute(
            """
            UPDATE idexx_sync.jobs
               SET attempt = 1, error_kind = 'pims_unavailable', error_message = 'Neo is down'
             WHERE status = 'queued'
            """
        )

        answer = world.run(way, "jobs watch QUEUED --timeout 5", "--json")

        assert (answer.code, answer.json["job"]["status"]) == (1, "queued")
        assert world.told(answer.err).splitlines() == [
            "job QUEUED: queued (pims unavailable: Neo is down)",
            "job QUEUED has not ended within 5 s and goes on",
        ]
        assert command_line.slept == [LOOKS_EVERY_S, LOOKS_EVERY_S, 1]

    @pytest.mark.parametrize("way", ["database", "api"])
    def test_an_interrupt_leaves_the_job_running(self, world: World, way: str) -> None:
        def interrupt() -> None:
            raise KeyboardInterrupt

        world.order()
        command_line = world.over_api if way == "api" else world.database
        command_line.while_waiting = interrupt

        answer = world.run(way, "jobs watch QUEUED", "--json")

        id_ = world.names["QUEUED"]
        assert answer.code == 130
        assert f"job {id_} goes on" in answer.json["error"]["message"]
        assert f"idexx-sync jobs cancel {id_}" in answer.json["error"]["message"]
        (job,) = query(world.bench.conn, "SELECT * FROM idexx_sync.jobs WHERE id = %s", (id_,))
        assert job["status"] == "queued"

    def test_a_look_may_fail_now_and_then(self, world: World) -> None:
        world.order()
        whole = world.api.dependencies.database.answering
        fails = [True, True, True, True, False] * 2

        def answering() -> Any:
            if world.over_api.slept and fails and fails.pop(0):
                raise psycopg.OperationalError("as told")
            return whole()

        def work_at_last() -> None:
            if len(fails) == 1:
                world.api.work()

        world.api.dependencies.database.answering = answering  # type: ignore[method-assign]
        world.over_api.while_waiting = work_at_last

        assert world.run("api", "jobs watch QUEUED").code == 3
        assert fails == []

    def test_a_watch_that_sees_nothing_any_more_gives_up(self, world: World) -> None:
        world.order()

        def break_it() -> None:
            world.api.dependencies.database.answering = broken  # type: ignore[method-assign]

        def broken() -> Any:
            raise psycopg.OperationalError("as told")

        world.over_api.while_waiting = break_it
        answer = world.run("api", "jobs watch QUEUED", "--json")

        assert (answer.code, answer.json["error"]["kind"]) == (6, "database_unavailable")
        assert len(world.over_api.slept) == FAILURES_IN_A_ROW
        assert f"idexx-sync jobs watch {world.names['QUEUED']}" in answer.err

    def test_a_throttled_look_is_none(self, world: World) -> None:
        world.order()
        whole = world.server.answering

        def throttle() -> None:
            world.api.work()
            world.over_api.while_waiting = relent
            body = '{"code": "throttled", "detail": "Too many requests."}'
            world.server.answering = lambda _: Response(429, {}, body)

        def relent() -> None:
            world.server.answering = whole

        world.over_api.while_waiting = throttle

        assert world.run("api", "jobs watch QUEUED").code == 3
        assert len(world.over_api.slept) == 2

    def test_a_key_that_is_revoked_meanwhile_ends_the_watch(self, world: World) -> None:
        world.order()
        world.over_api.while_waiting = lambda: world.bench.conn.execute(
            "UPDATE public.clinic_api_keys SET revoked_at = %s", (world.bench.now,)
        )

        answer = world.run("api", "jobs watch QUEUED")

        assert answer.code == 5
        assert len(world.over_api.slept) == 1


class TestRetry:
    def test_it_can_be_ordered_without_waiting(self, world: World) -> None:
        answer = world.run("api", "jobs retry FAILED --no-watch", "--json")

        job = answer.json["job"]
        assert (answer.code, job["status"], job["retry_of"]) == (
            0,
            "queued",
            world.names["FAILED"],
        )
        assert f"idexx-sync jobs watch {job['id']}" in answer.err
        assert world.over_api.slept == []

    def test_without_an_api_there_is_nobody_else_to_run_it(self, world: World) -> None:
        before = world.state()

        answer = world.run("database", "jobs retry FAILED --no-watch")

        assert (answer.code, answer.out) == (2, "")
        assert "'--no-watch': without IDEXX_SYNC_API_URL" in answer.err
        assert world.state() == before

    def test_here_it_shows_its_progress(self, world: World) -> None:
        answer = world.run("database", "jobs retry FAILED")

        assert answer.code == 3
        assert "write" in answer.err
        assert "retry of FAILED" in " ".join(world.told(answer.out).split())

    def test_another_sync_is_not_run_in_its_place(self, world: World) -> None:
        world.bench.conn.execute(
            "UPDATE idexx_sync.jobs SET sync = 'reconciliation', params = '{}' WHERE id = %s",
            (world.names["FAILED"],),
        )

        answer = world.run("database", "jobs retry FAILED", "--json")

        assert answer.code == 3
        assert answer.json["job"]["sync"] == "reconciliation"
        assert answer.json["job"]["discrepancies"] is not None

    def test_another_run_in_the_way_is_named(self, world: World) -> None:
        world.order()
        world.bench.conn.execute(
            "UPDATE idexx_sync.jobs SET params = '{}' WHERE id = %s", (world.names["QUEUED"],)
        )

        answer = world.run("api", "jobs retry FAILED", "--json")

        error = answer.json["error"]
        assert (answer.code, error["kind"]) == (1, "sync_running")
        assert error["job_id"] == world.names["QUEUED"]
        assert f"Job {error['job_id']} is under way" in error["message"]


@pytest.mark.parametrize("verdict", ["approve", "reject"])
def test_over_the_api_the_key_decides_and_nobody_by_name(world: World, verdict: str) -> None:
    answer = world.run("api", f"holds {verdict} HOLD --seen SEEN --yes --by Kim")

    assert (answer.code, answer.out) == (2, "")
    assert "'--by'" in answer.err
    assert world.bench.holds()[0]["status"] == "open"
