"""`idexx-sync clinics` and `idexx-sync credentials`."""

import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest

from idexx_sync.clinics.status import read_clinic_status
from idexx_sync.core.errors import CredentialsRejected, ImplausibleData, ShapeChanged
from idexx_sync.core.sealing import keyring
from idexx_sync.pims.access import Credentials
from idexx_sync.pims.access_store import PostgresLoginStore
from idexx_sync.pims.identity import Shown
from idexx_sync.pims.identity_store import IdentityGuard
from tests.kit.bench import Bench
from tests.kit.clinic import add_clinic, add_user, identity_guard
from tests.kit.command_line import CommandLine, Terminal
from tests.kit.database import query
from tests.kit.records import visits
from tests.kit.settings import LOCAL_KEY

SECRETS = {"company_id": "1001", "username": "sync-user", "password": " Pass-word 9! "}


def settings_of(bench: Bench) -> dict[str, Any]:
    statement = "SELECT base_url, room_ids, stage, transport FROM idexx_sync.clinic_settings"
    (row,) = query(bench.conn, f"{statement} WHERE clinic_id = %s", (bench.clinic_id,))
    return row


CASES = "SELECT acting_user_id, live_from FROM idexx_sync.clinic_settings WHERE clinic_id = %s"


def cases_of(bench: Bench) -> dict[str, Any]:
    (row,) = query(bench.conn, CASES, (bench.clinic_id,))
    return row


def has_acting_user(bench: Bench) -> None:
    bench.conn.execute(
        "UPDATE idexx_sync.clinic_settings SET acting_user_id = %s, updated_at = '2020-01-01'",
        (add_user(bench.conn, bench.clinic_id),),
    )


def login_store(bench: Bench) -> PostgresLoginStore:
    return PostgresLoginStore(
        bench.conn,
        keyring(LOCAL_KEY),
        bench.clinic_id,
        uuid4(),
        clock=lambda: bench.now,
        logins_per_hour=6,
        session=None,
        identity=identity_guard(bench.conn, bench.clinic_id),
    )


@pytest.fixture
def newcomer(bench: Bench) -> Bench:
    """A clinic that ODIS has and we do not yet."""
    bench.conn.execute("DELETE FROM idexx_sync.clinic_settings")
    return bench


def test_a_clinic_starts_switched_off(newcomer: Bench, idexx_sync: CommandLine) -> None:
    answer = idexx_sync("clinics", "add", newcomer.clinic_id)

    assert answer.code == 0
    assert settings_of(newcomer) == {
        "base_url": "https://us.idexxneo.com",
        "room_ids": None,
        "stage": "off",
        "transport": "http",
    }
    assert f"idexx-sync clinics add {newcomer.clinic_id} --stage shadow" in answer.out


def test_what_is_not_given_stays_as_it_is(newcomer: Bench, idexx_sync: CommandLine) -> None:
    add = ("clinics", "add", newcomer.clinic_id)
    idexx_sync(*add, "--room", "3", "--room", " 5", "--room", "3", "--stage", "canary")
    newcomer.conn.execute("UPDATE idexx_sync.clinic_settings SET transport = 'browser'")

    switched_on = idexx_sync(*add, "--stage", "live")
    missing = f"credentials: none yet; idexx-sync credentials set --clinic {newcomer.clinic_id}"
    assert f"No run of it can succeed yet: {missing}\n" in switched_on.err
    assert settings_of(newcomer) == {
        "base_url": "https://us.idexxneo.com",
        "room_ids": ["3", "5"],
        "stage": "live",
        "transport": "browser",
    }

    assert "No run of it" not in idexx_sync(*add, "--all-rooms").err
    assert settings_of(newcomer)["room_ids"] is None


WRONG_SETTINGS = [
    (
        ["--base-url", "http://us.idexxneo.com"],
        "'--base-url': this address of 'us.idexxneo.com' is",
    ),
    (["--base-url", "https://neo.example.com"], "add its host to IDEXX_SYNC_NEO_HOSTS"),
    (["--stage", "on"], "'--stage'"),
    (["--live-from", "2026-02-30"], "'--live-from': '2026-02-30' is not a day"),
    (["--acting-user", "kim"], "'--acting-user': 'kim' is not an id"),
    (["--room", " "], "'--room': a room's id can't be empty"),
    (["--room", "3\udcff"], "'--room': a room's id is printable text"),
    (["--room", "3", "--all-rooms"], "'--room': give either rooms or --all-rooms"),
]


def test_wrong_settings_are_refused_by_name(newcomer: Bench, idexx_sync: CommandLine) -> None:
    for words, said in WRONG_SETTINGS:
        answer = idexx_sync("clinics", "add", newcomer.clinic_id, *words)

        assert (answer.code, answer.out) == (2, ""), words
        assert said in answer.err
    assert query(newcomer.conn, "SELECT 1 FROM idexx_sync.clinic_settings") == []


def test_what_cases_need_is_set_shown_and_stays(newcomer: Bench, idexx_sync: CommandLine) -> None:
    add = ("clinics", "add", newcomer.clinic_id)
    user_id = add_user(newcomer.conn, newcomer.clinic_id)

    idexx_sync(*add, "--acting-user", user_id, "--live-from", "2026-06-01")
    answer = idexx_sync(*add, "--stage", "live", "--room", "3")
    shown = idexx_sync("clinics", "show", newcomer.clinic_id, "--json").json["clinic"]

    assert (shown["acting_user_id"], shown["live_from"]) == (str(user_id), "2026-06-01")
    assert str(user_id) in answer.out
    assert "2026-06-01" in answer.out
    assert "first day is" not in answer.err

    idexx_sync(*add, "--live-from", "2026-07-01")
    assert cases_of(newcomer) == {"acting_user_id": user_id, "live_from": date(2026, 7, 1)}


@pytest.mark.parametrize("stage", ["canary", "live"])
def test_the_first_day_is_the_clinics_today_when_it_is_first_switched_on(
    newcomer: Bench, idexx_sync: CommandLine, stage: str
) -> None:
    add = ("clinics", "add", newcomer.clinic_id)
    newcomer.now = datetime(2026, 5, 5, 3, 0, tzinfo=UTC)  # still Monday at the clinic

    for before in ("off", "shadow"):
        assert "first day is" not in idexx_sync(*add, "--stage", before).err
        assert cases_of(newcomer)["live_from"] is None
    answer = idexx_sync(*add, "--stage", stage)

    assert cases_of(newcomer)["live_from"] == date(2026, 5, 4)
    assert "Its first day is 2026-05-04" in answer.err
    assert f"idexx-sync clinics add {newcomer.clinic_id} --live-from DATE" in answer.err

    newcomer.later(48 * 60)
    for after in ("off", "live"):
        assert "first day is" not in idexx_sync(*add, "--stage", after).err
    assert cases_of(newcomer)["live_from"] == date(2026, 5, 4)


def test_cases_are_given_only_to_a_user_that_the_clinic_has(
    newcomer: Bench, idexx_sync: CommandLine
) -> None:
    add = ("clinics", "add", newcomer.clinic_id, "--acting-user")
    unknown, stranger = uuid4(), add_user(newcomer.conn, add_clinic(newcomer.conn))

    answer = idexx_sync(*add, unknown)
    assert (answer.code, answer.out) == (1, "")
    assert f"acting_user_id: ODIS has no user {unknown} (public.users)" in answer.err
    assert "give one access in ODIS first" in answer.err

    member = add_user(newcomer.conn, newcomer.clinic_id)
    answer = idexx_sync(*add, stranger)
    assert (answer.code, answer.out) == (1, "")
    assert f"user {stranger} has no access to clinic {newcomer.clinic_id}" in answer.err
    assert f"those with access: {member}\n" in answer.err
    assert query(newcomer.conn, CASES, (newcomer.clinic_id,)) == []


def test_the_list_shows_clinics_that_are_not_set_up(
    newcomer: Bench, idexx_sync: CommandLine
) -> None:
    other = add_clinic(newcomer.conn, zone="America/New_York", is_active=False)

    answer = idexx_sync("clinics", "list")
    listed = idexx_sync("clinics", "list", "--json").json["clinics"]

    assert answer.code == 0
    assert {line["id"]: line["stage"] for line in listed} == {
        str(newcomer.clinic_id): None,
        str(other): "live",
    }
    lines = answer.out.splitlines()
    about = {head.split()[0]: said for head, said in pairwise(lines) if head[0] != " "}
    assert (
        "not set up, America/Los_Angeles; inbound action required" in about[str(newcomer.clinic_id)]
    )
    assert "inactive in ODIS, America/New_York" in about[str(other)]


DAMAGES = [
    ("DELETE FROM idexx_sync.clinic_settings", "clinic_settings"),
    ("DELETE FROM clinic_schedule_configs", "clinic_schedule_configs"),
    ("UPDATE idexx_sync.clinic_settings SET stage = 'off'", "stage: switched off"),
    ("UPDATE idexx_sync.clinic_settings SET room_ids = '{}'", "room_ids"),
    (
        "INSERT INTO idexx_sync.pauses (clinic_id, paused_by, reason) "
        "SELECT clinic_id, 'Kim', 'moving' FROM idexx_sync.clinic_settings",
        "paused since ",
    ),
    ("UPDATE clinics SET is_active = false", "clinics.is_active"),
    ("UPDATE clinics SET timezone = 'Mars/Olympus'", "clinics.timezone"),
    ("UPDATE clinics SET timezone = NULL", "clinics.timezone: not set"),
    ("UPDATE clinics SET business_hours = '[]'", "clinics.business_hours"),
    ("DELETE FROM idexx_sync.credentials", "credentials: none yet"),
    ("DELETE FROM public.users", "acting user: not set, so nobody is called"),
]


def test_show_says_what_is_needed_from_whom(bench: Bench, idexx_sync: CommandLine) -> None:
    set_credentials(idexx_sync, bench)
    has_acting_user(bench)
    show = ("clinics", "show", bench.clinic_id)
    assert idexx_sync(*show, "--json").json["clinic"]["needs"] == []
    assert "Nothing is needed from anybody." in idexx_sync(*show).out

    for damage, what in DAMAGES:
        with bench.conn.transaction(force_rollback=True):
            bench.conn.execute(damage)
            found = clinic_needs(bench)
        assert any(who == "odis" and said.startswith(what) for who, said in found), damage


def clinic_needs(bench: Bench) -> list[tuple[str, str]]:
    """Over the test's own connection, which sees what is not committed."""
    status = read_clinic_status(bench.conn, bench.clinic_id)
    return [(need.who, need.what) for need in status.needs]


def test_what_somebody_has_acted_on_is_no_longer_needed(
    bench: Bench, idexx_sync: CommandLine
) -> None:
    def needed() -> list[str]:
        bench.conn.execute("UPDATE idexx_sync.jobs SET trigger = 'schedule'")
        return [what for who, what in clinic_needs(bench)]

    set_credentials(idexx_sync, bench)
    has_acting_user(bench)
    bench.pims.error = CredentialsRejected("Neo refused them")
    failed = idexx_sync("sync", "inbound", "--clinic", bench.clinic_id)
    assert f"What is needed: idexx-sync clinics show {bench.clinic_id}" in failed.out
    assert needed() == ["last inbound job failed, credentials rejected: Neo refused them"]
    set_credentials(idexx_sync, bench)
    assert needed() == []

    bench.pims.error = ShapeChanged("no list of events")
    by_hand = idexx_sync("sync", "inbound", "--clinic", bench.clinic_id)
    assert "What is needed" not in by_hand.out, "a run by hand changes no status"
    set_credentials(idexx_sync, bench)
    assert needed() == ["last inbound job failed, shape changed: no list of events"]
    newest = "SELECT id FROM idexx_sync.jobs ORDER BY queued_at DESC LIMIT 1"
    (job,) = query(bench.conn, newest)
    assert "What is needed" in idexx_sync("jobs", "show", str(job["id"])).out


def test_show_tells_how_fresh_each_sync_is_and_when_it_is_next_due(
    bench: Bench, idexx_sync: CommandLine
) -> None:
    set_credentials(idexx_sync, bench)
    bench.configure("clinic_schedule_configs", sync_schedules={"inbound": "0-59/15 * * * *"})
    idexx_sync("sync", "inbound", "--clinic", bench.clinic_id)
    bench.conn.execute("UPDATE idexx_sync.jobs SET finished_at = %s", (bench.now,))
    bench.later(7)

    words = ("clinics", "show", bench.clinic_id)
    data, shown = idexx_sync(*words, "--json").json["clinic"], idexx_sync(*words)

    assert data["syncs"] == [
        {
            "sync": "inbound",
            "freshness": "on_time",
            "last_success_at": "2026-05-04T14:00:00.000+00:00",
            "next_run_at": "2026-05-04T14:15:00.000+00:00",
            "is_expected": True,
        }
    ]
    assert (
        "on time; last success 2026-05-04 07:00 PDT (7 minutes ago); "
        "next run 2026-05-04 07:15 PDT" in shown.out
    )


def test_an_unknown_clinic_is_no_usage_error(idexx_sync: CommandLine) -> None:
    for words in (
        ["clinics", "show", uuid4()],
        ["clinics", "add", uuid4()],
        ["credentials", "set", "--clinic", uuid4(), "--stdin"],
        ["credentials", "show", "--clinic", uuid4()],
        ["jobs", "list", "--clinic", uuid4()],
        ["holds", "list", "--clinic", uuid4()],
        ["sync", "inbound", "--clinic", uuid4()],
    ):
        answer = idexx_sync(*words)
        assert (answer.code, answer.out) == (1, ""), words
        assert "list them with: idexx-sync clinics list" in answer.err


def set_credentials(idexx_sync: CommandLine, bench: Bench) -> None:
    words = ("credentials", "set", "--clinic", bench.clinic_id, "--stdin")
    assert idexx_sync(*words, stdin=json.dumps(SECRETS)).code == 0


@pytest.mark.parametrize(
    "given", [json.dumps(SECRETS), "\n".join(SECRETS.values()), "\r\n".join(SECRETS.values())]
)
def test_credentials_come_from_standard_input_and_never_out_again(
    bench: Bench, idexx_sync: CommandLine, given: str
) -> None:
    words = ("credentials", "set", "--clinic", bench.clinic_id, "--stdin")
    first, second = idexx_sync(*words, stdin=given), idexx_sync(*words, "--json", stdin=given)
    shown = idexx_sync("credentials", "show", "--clinic", bench.clinic_id)

    assert first.out.startswith(
        "Stored as version 1; try them: idexx-sync credentials test --clinic"
    )
    assert second.json == {"clinic_id": str(bench.clinic_id), "version": 2}
    stored: Credentials = login_store(bench).begin_login()
    assert stored.password.get_secret_value() == SECRETS["password"]
    assert stored.company_id.get_secret_value() == SECRETS["company_id"]
    everything = "".join(a.out + a.err for a in (first, second, shown))
    assert not [secret for secret in SECRETS.values() if secret.strip() in everything]


UNUSABLE = [
    ("", "three lines are expected and 0 were found"),
    ("1001\nsync-user\n", "three lines are expected and 2 were found"),
    ("1001\n\nhunter2-9!\n", "username must be a text that is not empty"),
    ('{"company_id": "1001"', "it begins like a JSON object and is not one"),
    ('{"company_id": "1001", "user": "x", "password": "y"}', "exactly these names"),
    ('{"company_id": 1001, "username": "x", "password": "y"}', "company_id must be a text"),
]


def test_unusable_credentials_are_refused_without_showing_them(
    bench: Bench, idexx_sync: CommandLine
) -> None:
    words = ("credentials", "set", "--clinic", bench.clinic_id, "--stdin")
    for given, said in UNUSABLE:
        answer = idexx_sync(*words, stdin=given)

        assert (answer.code, answer.out) == (2, ""), given
        assert said in answer.err
        assert "1001" not in answer.err
    assert query(bench.conn, "SELECT 1 FROM idexx_sync.credentials") == []


def test_without_a_terminal_nothing_is_asked(bench: Bench, idexx_sync: CommandLine) -> None:
    answer = idexx_sync("credentials", "set", "--clinic", bench.clinic_id)

    assert (answer.code, answer.out) == (2, "")
    assert "add --stdin" in answer.err


def test_on_a_terminal_each_value_is_asked_for(
    bench: Bench, idexx_sync: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter(SECRETS.values())
    asked: list[tuple[str, bool]] = []

    def prompt(text: str, *, err: bool, hide_input: bool = False) -> str:
        assert err
        asked.append((text, hide_input))
        return next(answers)

    monkeypatch.setattr("typer.prompt", prompt)  # what it does with a real terminal is typer's
    answer = idexx_sync("credentials", "set", "--clinic", bench.clinic_id, stdin=Terminal())

    assert answer.out.startswith(
        "Stored as version 1; try them: idexx-sync credentials test --clinic"
    )
    assert asked == [("Company id", False), ("Username", False), ("Password", True)]


def test_show_tells_who_must_act_after_a_refusal(bench: Bench, idexx_sync: CommandLine) -> None:
    set_credentials(idexx_sync, bench)
    visitor = login_store(bench)
    visitor.begin_login()
    visitor.end_login("credentials_rejected")

    data = idexx_sync("credentials", "show", "--clinic", bench.clinic_id, "--json").json
    shown = idexx_sync("credentials", "show", "--clinic", bench.clinic_id)
    clinic = idexx_sync("clinics", "show", bench.clinic_id, "--json").json["clinic"]

    assert (data["login_allowed"], data["refused_because"], data["who_acts"]) == (
        False,
        "credentials_rejected",
        "clinic",
    )
    assert [login["outcome"] for login in data["logins"]] == ["credentials_rejected"]
    assert "the clinic" in shown.out
    assert {sync["freshness"] for sync in clinic["syncs"]} == {"action_required"}

    set_credentials(idexx_sync, bench)
    data = idexx_sync("credentials", "show", "--clinic", bench.clinic_id, "--json").json
    assert (data["version"], data["login_allowed"]) == (2, True)


def test_logins_that_sent_nothing_need_nobody(bench: Bench, idexx_sync: CommandLine) -> None:
    set_credentials(idexx_sync, bench)
    for _ in range(2):
        visitor = login_store(bench)
        visitor.begin_login()
        visitor.end_login("page_unknown", submitted=False)

    data = idexx_sync("credentials", "show", "--clinic", bench.clinic_id, "--json").json
    shown = idexx_sync("credentials", "show", "--clinic", bench.clinic_id)

    assert (data["login_allowed"], data["who_acts"]) == (True, None)
    assert [login["submitted"] for login in data["logins"]] == [False, False]
    assert "(nothing was sent)" in " ".join(shown.out.split())


def test_times_are_the_clinics_own(bench: Bench, idexx_sync: CommandLine) -> None:
    bench.conn.execute("UPDATE clinics SET timezone = 'America/New_York'")
    bench.pims.records = visits(1)
    idexx_sync("sync", "inbound", "--clinic", bench.clinic_id)
    bench.conn.execute("UPDATE idexx_sync.jobs SET finished_at = %s", (bench.now,))
    bench.later(125)

    answer = idexx_sync("clinics", "show", bench.clinic_id)

    assert f"{bench.now - timedelta(minutes=125, hours=4):%Y-%m-%d %H:%M} EDT (2 hours ago)" in (
        answer.out
    )


def knows_company(bench: Bench) -> IdentityGuard:
    guard = identity_guard(bench.conn, bench.clinic_id, lambda: bench.now)
    guard.recognise(Shown(rooms={"3": "A", "5": "B"}, providers={"1000": "Dr. A"}), by_login=True)
    return guard


def test_what_a_clinics_company_is_known_by_is_shown_by_ids(
    bench: Bench, idexx_sync: CommandLine
) -> None:
    nothing = idexx_sync("clinics", "identity", bench.clinic_id)
    knows_company(bench)
    answer = idexx_sync("clinics", "identity", bench.clinic_id, "--json")

    assert "Nothing is known yet" in nothing.out
    assert answer.json["identity"]["learned"] == {
        "rooms": ["3", "5"],
        "types": [],
        "providers": ["1000"],
        "branches": [],
    }
    assert answer.json["identity"]["seen_instead"] is None
    assert idexx_sync("clinics", "identity", bench.clinic_id, "--accept").code == 1


def test_a_room_that_its_neo_does_not_have_is_refused_with_those_that_it_has(
    bench: Bench, idexx_sync: CommandLine
) -> None:
    add = ("clinics", "add", bench.clinic_id)
    before = idexx_sync(*add, "--room", "99")
    knows_company(bench)

    refused = idexx_sync(*add, "--room", "3", "--room", "98")

    assert before.code == 0
    assert (refused.code, settings_of(bench)["room_ids"]) == (1, ["99"])
    assert "the clinic has no room '98'; its rooms are 3 (" in refused.err
    assert idexx_sync(*add, "--room", "3").code == 0


def test_another_company_is_shown_and_can_be_accepted(
    bench: Bench, idexx_sync: CommandLine
) -> None:
    guard = knows_company(bench)
    with pytest.raises(ImplausibleData):
        guard.recognise(Shown(rooms={"7": "C"}), by_login=True)

    shown = idexx_sync("clinics", "identity", bench.clinic_id)
    needed = idexx_sync("clinics", "show", bench.clinic_id)
    accepted = idexx_sync("clinics", "identity", bench.clinic_id, "--accept", "--json")

    assert "of 1 rooms 0 are the same" in shown.out
    assert "other_company" in needed.out
    assert (accepted.code, accepted.json["identity"]["version"]) == (0, 2)
    assert accepted.json["identity"]["learned"]["rooms"] == ["7"]
    assert "other_company" not in idexx_sync("clinics", "show", bench.clinic_id).out
