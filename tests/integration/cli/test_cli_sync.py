"""`idexx-sync sync`, `jobs` and `holds`."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import Connection
from pydantic import SecretStr

from idexx_sync.core.errors import (
    ConfigurationInvalid,
    CredentialsRejected,
    PimsSlow,
    PimsUnavailable,
    ShapeChanged,
    SyncError,
    Throttled,
)
from idexx_sync.core.settings import Settings
from idexx_sync.operations.decisions import cancel_job
from idexx_sync.operations.lookup import find_job
from idexx_sync.pims.protocol import Configuration, Unreadable
from tests.kit.bench import Bench
from tests.kit.command_line import Answer, CommandLine, Terminal
from tests.kit.database import query
from tests.kit.records import seen, visit, visits
from tests.kit.rows import pause
from tests.kit.settings import LOCAL_KEY, make_settings, random_key

WEEK = ("--from", "2026-05-04", "--to", "2026-05-10")


def sync(idexx_sync: CommandLine, *words: object) -> Answer:
    return idexx_sync("sync", "inbound", "--clinic", idexx_sync.bench.clinic_id, *words)


def test_a_sync_writes_and_says_what_it_did(bench: Bench, idexx_sync: CommandLine) -> None:
    bench.pims.records = visits(12)

    first, second = sync(idexx_sync, *WEEK), sync(idexx_sync, *WEEK, "--json")

    assert first.code == second.code == 0
    assert first.out.startswith("succeeded  12 created (checked 12)\n")
    assert "days     2026-05-04 to 2026-05-10 (America/Los_Angeles)" in first.out
    assert [line.split("━")[0].strip() for line in first.err.splitlines()] == ["write"]
    job = second.json["job"]
    assert (job["status"], job["summary"]) == ("succeeded", "nothing changed (checked 12)")
    assert job["window"] == ["2026-05-04", "2026-05-10"]
    assert len(bench.rows()) == 12


def test_without_dates_the_clinics_horizon_counts(bench: Bench, idexx_sync: CommandLine) -> None:
    job = sync(idexx_sync, "--json").json["job"]

    assert job["window"] == ["2026-05-04", "2026-05-17"]


def test_a_dry_run_shows_the_plan_without_values(bench: Bench, idexx_sync: CommandLine) -> None:
    bench.pims.records = visits(3)
    sync(idexx_sync, *WEEK)
    bench.pims.replace("600101", patient_name="OTHERNAME", room_id="5")

    shown, data = sync(idexx_sync, *WEEK, "--dry-run"), sync(idexx_sync, "--dry-run", "--json")

    assert "nothing was written; dry run: would update 1" in shown.out
    assert "changed in Neo" in shown.out
    assert "patient_name" in shown.out
    assert "OTHERNAME" not in shown.out + data.out
    assert [change["id"] for change in data.json["job"]["plan"]] == ["600101"]
    assert bench.row("600101")["patient_name"] == "TANGO"


def test_a_long_plan_is_cut_and_says_so(bench: Bench, idexx_sync: CommandLine) -> None:
    bench.pims.records = visits(50)

    assert "... and 10 more; --json shows all" in sync(idexx_sync, "--dry-run").out
    assert len(sync(idexx_sync, "--dry-run", "--json").json["job"]["plan"]) == 50


IMPOSSIBLE_DAYS = [
    (["--from", "2026-05-10", "--to", "2026-05-04"], "--to", "lies before --from"),
    (["--from", "2026-02-30"], "--from", "'2026-02-30' is not a day of the calendar"),
    (["--to", "tomorrow"], "--to", "give one such as 2026-05-04"),
    (["--from", "2026-05-01", "--to", "2026-07-02"], "--to", "63 days and at most 62"),
    (["--from", "0026-05-04"], "--from", "the year 26 lies outside"),
]


def test_impossible_days_are_usage_errors_that_name_the_option(
    bench: Bench, idexx_sync: CommandLine
) -> None:
    for words, option, said in IMPOSSIBLE_DAYS:
        answer = sync(idexx_sync, *words)

        assert (answer.code, answer.out) == (2, ""), words
        assert f"'{option}'" in answer.err
        assert said in answer.err
    assert query(bench.conn, "SELECT 1 FROM idexx_sync.jobs") == []


def test_sixty_two_days_are_possible(bench: Bench, idexx_sync: CommandLine) -> None:
    assert sync(idexx_sync, "--from", "2026-05-01", "--to", "2026-07-01").code == 0


@pytest.mark.parametrize(
    ("error", "code", "who"),
    [
        (CredentialsRejected("refused"), 5, "the clinic"),
        (ShapeChanged("changed"), 1, "ODIS"),
        (PimsUnavailable("down"), 6, "nobody"),
        (PimsSlow("slow"), 6, "nobody"),
        (Throttled("not so fast"), 1, "nobody"),
    ],
)
def test_a_failure_has_its_exit_code_and_says_who_must_act(
    bench: Bench, idexx_sync: CommandLine, error: SyncError, code: int, who: str
) -> None:
    bench.pims.error = error

    shown, data = sync(idexx_sync, *WEEK), sync(idexx_sync, *WEEK, "--json")

    assert (shown.code, data.code) == (code, code)
    assert error.message in shown.out
    assert who in shown.out
    assert data.json["job"]["error"] == {
        "kind": error.kind,
        "message": error.message,
        "who_acts": error.who_acts,
    }


def test_warnings_have_an_exit_code_of_their_own(bench: Bench, idexx_sync: CommandLine) -> None:
    bench.pims.records = [visit(status="Awaiting Telepathy")]

    answer = sync(idexx_sync, *WEEK)

    assert answer.code == 4
    assert "! words of Neo seen for the first time and not understood: 1" in answer.out


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_while_the_clinic_is_paused_no_run_is_made(
    bench: Bench, idexx_sync: CommandLine, more: tuple[str, ...]
) -> None:
    pause(bench.conn, bench.clinic_id)

    answers = [sync(idexx_sync, *more), idexx_sync("sync", "cases", "--clinic", bench.clinic_id)]
    tried = idexx_sync("credentials", "test", "--clinic", bench.clinic_id)

    for answer in (*answers, tried):
        assert (answer.code, answer.out) == (1, "")
        assert answer.err == (
            "idexx-sync: The clinic is paused since 2026-05-04 07:00 PDT by Kim: moving; no run is "
            "ordered meanwhile; once it may go on: "
            f"idexx-sync clinics resume {bench.clinic_id}\n"
        )
    assert query(bench.conn, "SELECT id FROM idexx_sync.jobs") == []
    assert bench.pims.reads == 0


def test_an_interrupt_cancels_the_job(bench: Bench, idexx_sync: CommandLine) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    bench.pims.records = visits(3)
    bench.pims.before_answer = interrupt
    answer = sync(idexx_sync, "--json")
    bench.pims.before_answer = None

    assert answer.code == 130
    assert answer.json["error"]["kind"] == "interrupted"
    (job,) = query(bench.conn, "SELECT id, status FROM idexx_sync.jobs")
    assert job["status"] == "cancelled"
    assert f"job {job['id']} is cancelled" in answer.json["error"]["message"]
    assert bench.rows() == []
    assert sync(idexx_sync).code == 0  # the lease is free


def test_a_login_that_is_tried_while_its_job_is_taken_away_is_no_success(
    bench: Bench, idexx_sync: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken_away() -> Configuration:
        (job,) = query(bench.conn, "SELECT id FROM idexx_sync.jobs WHERE status = 'running'")
        cancel_job(bench.conn, find_job(bench.conn, job["id"]), by="somebody else")
        return Configuration(30, [])

    monkeypatch.setattr(bench.pims, "configuration", taken_away)

    answer = idexx_sync("credentials", "test", "--clinic", bench.clinic_id)

    assert answer.code == 130
    assert "they work" not in answer.out
    assert "cancelled by somebody else" in answer.out


def test_an_unexpected_error_is_an_object_too(bench: Bench, idexx_sync: CommandLine) -> None:
    bench.pims.error = ZeroDivisionError("a defect")

    answer = sync(idexx_sync, "--json")

    assert (answer.code, answer.json["error"]["kind"]) == (1, "internal")
    assert "a defect" not in answer.out + answer.err
    (job,) = idexx_sync("jobs", "list", "--json").json["jobs"]
    assert (job["status"], job["error"]["kind"]) == ("failed", "internal")


def test_jobs_are_listed_newest_first_and_shown(bench: Bench, idexx_sync: CommandLine) -> None:
    assert idexx_sync("jobs", "list").out == "There are no jobs yet.\n"
    bench.pims.records = visits(2)
    sync(idexx_sync, *WEEK)
    bench.pims.error = PimsUnavailable("Neo is down")
    sync(idexx_sync, *WEEK)

    listed = idexx_sync("jobs", "list", "--clinic", bench.clinic_id)
    jobs = idexx_sync("jobs", "list", "--json").json["jobs"]
    limited = idexx_sync("jobs", "list", "--limit", 1, "--json").json["jobs"]
    shown = idexx_sync("jobs", "show", jobs[1]["id"])

    assert [job["status"] for job in jobs] == ["failed", "succeeded"]
    assert limited == jobs[:1]
    assert "pims unavailable: Neo is down" in listed.out
    assert shown.out.startswith("succeeded  2 created (checked 2)\n")
    assert idexx_sync("jobs", "show", jobs[1]["id"], "--json").json["job"] == jobs[1]


@pytest.mark.parametrize("noun", ["jobs", "holds"])
def test_an_unknown_id_and_a_text_that_is_none(idexx_sync: CommandLine, noun: str) -> None:
    unknown, text = idexx_sync(noun, "show", uuid4()), idexx_sync(noun, "show", "a visit")
    limit = idexx_sync(noun, "list", "--limit", "0")

    assert unknown.code == 1
    assert f"list them with: idexx-sync {noun} list" in unknown.err
    assert text.code == 2
    assert "'a visit' is not an id" in text.err
    assert limit.code == 2
    assert "'--limit'" in limit.err


@pytest.fixture
def held(bench: Bench, idexx_sync: CommandLine) -> UUID:
    """An open hold: the calendar came back empty."""
    bench.pims.records = visits(12)
    sync(idexx_sync, *WEEK)
    bench.later()
    bench.pims.records = []
    answer = sync(idexx_sync, *WEEK)
    assert answer.code == 3
    assert f"idexx-sync holds list --clinic {bench.clinic_id}" in answer.out
    (hold,) = idexx_sync("holds", "list", "--status", "open", "--json").json["holds"]
    return UUID(hold["id"])


def looked_at(bench: Bench, hold: UUID) -> tuple[str, ...]:
    return "--seen", bench.version(hold), "--yes"


def test_a_hold_names_what_it_keeps_back(held: UUID, idexx_sync: CommandLine) -> None:
    shown, listed = idexx_sync("holds", "show", held), idexx_sync("holds", "list")
    clinic = idexx_sync("clinics", "show", idexx_sync.bench.clinic_id)

    assert "600101   visit of 2026-05-04 08:00:00: missing" in shown.out
    assert f"idexx-sync holds approve {held}" in shown.out
    assert "TANGO" not in shown.out
    assert "12 records" in listed.out
    assert f"idexx-sync holds show {held}" in clinic.out


def test_approving_runs_the_sync_anew(held: UUID, bench: Bench, idexx_sync: CommandLine) -> None:
    answer = idexx_sync("holds", "approve", held, *looked_at(bench, held), "--by", "Kim", "--json")

    job = answer.json["job"]
    assert (answer.code, job["trigger"], job["summary"]) == (
        0,
        "approval",
        "read nothing, 12 removed",
    )
    assert job["window"] == ["2026-05-04", "2026-05-10"]
    assert bench.rows() == []
    (hold,) = bench.holds()
    assert (hold["status"], hold["decided_by"]) == ("closed", "Kim")
    again = idexx_sync("holds", "approve", held, *looked_at(bench, held))
    assert again.code == 1
    assert "is closed; only an open hold can be decided; to see what is open" in again.err
    assert "ended" in idexx_sync("holds", "show", held).out


def test_a_terminal_shows_the_hold_and_decides_about_what_it_has_shown(
    held: UUID, bench: Bench, idexx_sync: CommandLine
) -> None:
    version = bench.version(held)

    no = idexx_sync("holds", "reject", held, stdin=Terminal("\n"))
    assert (no.code, no.out, bench.holds()[0]["status"]) == (1, "", "open")
    assert "nothing was done" in no.err
    ended = idexx_sync("holds", "reject", held, stdin=Terminal(""))  # Ctrl-D
    assert "? [y/N] \nidexx-sync: nothing was done\n" in ended.err
    yes = idexx_sync("holds", "reject", held, "--reason", "it was us", stdin=Terminal("y\n"))

    assert yes.code == 0
    assert "600101   visit of 2026-05-04 08:00:00: missing" in yes.err
    assert f"Reject version {version} of it (12 removed, 12 slots freed, " in yes.err
    (hold,) = bench.holds()
    assert (hold["status"], hold["reason"]) == ("rejected", "it was us")
    shown = idexx_sync("holds", "show", held).out
    assert f"(version {version}): it was us" in shown


def test_a_terminal_asks_nobody_about_another_version_than_was_seen(
    held: UUID, bench: Bench, idexx_sync: CommandLine
) -> None:
    answer = idexx_sync("holds", "reject", held, "--seen", "0123456789", stdin=Terminal("y\n"))

    assert (answer.code, answer.out, bench.holds()[0]["status"]) == (1, "", "open")
    assert "[y/N]" not in answer.err
    assert bench.version(held) in answer.err


@pytest.mark.parametrize("given", [[], ["--yes"], ["--seen", "VERSION"]])
def test_where_nobody_can_be_asked_the_version_and_a_yes_are_given(
    held: UUID, bench: Bench, idexx_sync: CommandLine, given: list[str]
) -> None:
    answer = idexx_sync("holds", "approve", held, *given)

    assert (answer.code, answer.out) == (2, "")
    assert "holds show prints" in answer.err
    assert bench.holds()[0]["status"] == "open"


def test_approving_what_is_no_longer_so_holds_again(
    held: UUID, bench: Bench, idexx_sync: CommandLine
) -> None:
    bench.pims.records = visits(2)

    answer = idexx_sync("holds", "approve", held, *looked_at(bench, held))

    assert (answer.code, len(bench.rows())) == (3, 12)


def test_what_was_approved_by_mistake_is_revived(
    held: UUID, bench: Bench, idexx_sync: CommandLine
) -> None:
    idexx_sync("holds", "approve", held, *looked_at(bench, held))
    assert f"idexx-sync holds revive {held}" in idexx_sync("holds", "show", held).out
    assert idexx_sync("holds", "revive", held).code == 2

    answer = idexx_sync("holds", "revive", held, "--by", "Kim", stdin=Terminal("yes\n"))

    assert "12 updated" in answer.out
    assert len(bench.rows()) == 12
    assert "a person revived and the calendar does not show" in answer.out
    assert "a person rejected" not in answer.out
    shown = idexx_sync("clinics", "show", bench.clinic_id).out
    assert "revived by Kim on 2026-05-04: it stays until Neo shows it again" in shown
    assert "holds reopen" not in shown
    assert "kept out" not in shown
    approved = idexx_sync("holds", "show", held).out
    assert "revived by Kim" in approved
    assert "holds revive" not in approved
    (kept,) = idexx_sync("holds", "list", "--status", "rejected", "--json").json["holds"]
    reopened = idexx_sync(
        *("holds", "reopen", kept["id"], "--reason", "they are gone indeed"), stdin=Terminal("y\n")
    )
    assert reopened.code == 0
    assert "they are gone indeed" in reopened.out


def test_who_decides_is_kept_as_one_line_that_can_be_stored(
    held: UUID, bench: Bench, idexx_sync: CommandLine
) -> None:
    looked = looked_at(bench, held)

    unknown = idexx_sync("holds", "reject", held, "--seen", "\udcff", "--yes")
    decided = idexx_sync(
        "holds", "reject", held, *looked, "--by", "  Kim\udcff\n of the\x1b clinic"
    )

    assert (unknown.code, decided.code) == (1, 0)
    assert "no version" in unknown.err
    assert bench.holds()[0]["decided_by"] == "Kim of the clinic"


def nothing_is_set() -> Settings:
    raise ConfigurationInvalid("IDEXX_SYNC_LOCAL_KEY: not set", code="settings")


def test_nothing_is_decided_where_the_run_that_it_orders_can_not_be_made(
    held: UUID, bench: Bench, idexx_sync: CommandLine
) -> None:
    laptop = replace(idexx_sync)
    url = idexx_sync.settings.database_url.get_secret_value()
    laptop.settings = make_settings(url, fingerprint_key=SecretStr(random_key()))
    bare = replace(idexx_sync, load_settings=nothing_is_set)
    looked = looked_at(bench, held)

    answers = [one("holds", "approve", held, *looked) for one in (laptop, bare)]

    assert [answer.code for answer in answers] == [1, 1]
    assert "IDEXX_SYNC_FINGERPRINT_KEY: it is another one" in answers[0].err
    assert "IDEXX_SYNC_LOCAL_KEY: not set" in answers[1].err
    assert bench.holds()[0]["status"] == "open"
    assert idexx_sync("holds", "approve", held, *looked).code == 0
    assert laptop("holds", "revive", held, "--yes").code == 1
    assert "revived" not in [hold["cause"] for hold in bench.holds()]


def test_rejecting_keeps_it_out_silently(held: UUID, bench: Bench, idexx_sync: CommandLine) -> None:
    answer = idexx_sync("holds", "reject", held, *looked_at(bench, held), "--by", "Kim", "--json")
    bench.later()
    next_run = sync(idexx_sync, *WEEK)

    assert (answer.code, answer.json["hold"]["status"]) == (0, "rejected")
    assert next_run.code == 4
    assert "holds that a person rejected and that are still found: 1" in next_run.out
    assert len(bench.rows()) == 12
    assert idexx_sync("holds", "list", "--status", "open").out == "There are no open holds.\n"


COMMANDS: list[list[object]] = [
    ["migrate", "--check"],
    ["migrate"],
    ["clinics", "list"],
    ["clinics", "show", "CLINIC"],
    ["clinics", "add", "CLINIC"],
    ["credentials", "show", "--clinic", "CLINIC"],
    ["credentials", "set", "--clinic", "CLINIC", "--stdin"],
    ["sync", "inbound", "--clinic", "CLINIC"],
    ["jobs", "list"],
    ["jobs", "show", uuid4()],
    ["jobs", "watch", uuid4()],
    ["jobs", "retry", uuid4()],
    ["jobs", "cancel", uuid4()],
    ["holds", "list"],
    ["holds", "show", uuid4()],
    ["holds", "approve", uuid4(), "--seen", "none", "--yes"],
    ["holds", "reject", uuid4(), "--seen", "none", "--yes"],
]


def test_json_is_one_object_and_nothing_else(
    idexx_sync: CommandLine, conn: Connection[tuple[Any, ...]]
) -> None:
    lines = [
        [idexx_sync.bench.clinic_id if word == "CLINIC" else word for word in words]
        for words in COMMANDS
    ]

    def answers(*more: object) -> Iterator[tuple[Answer, dict[str, Any]]]:
        for line in lines:
            answer = idexx_sync(*line, "--json", *more, stdin="1001\nsync-user\nmade-up\n")
            assert "secret-word" not in answer.out + answer.err
            yield answer, answer.json

    for answer, data in answers():
        assert ("error" in data) == (answer.code not in (0, 3, 4))
    for answer, data in answers("--nonsense"):
        assert (answer.code, data["error"]["kind"]) == (2, "usage")

    idexx_sync.settings = make_settings("postgresql://nobody:secret-word@127.0.0.1:1/none")
    for answer, data in answers():
        assert (answer.code, data["error"]["kind"]) == (6, "database_unavailable")

    idexx_sync.settings = make_settings("what:ever secret-word")
    for answer, data in answers():
        assert (answer.code, data["error"]["code"]) == (1, "database_url")

    conn.execute("DROP SCHEMA idexx_sync CASCADE")
    idexx_sync.settings = make_settings(idexx_sync.bench.url)
    for (answer, data), line in zip(list(answers())[2:], lines[2:], strict=True):
        assert answer.code == 1, line
        assert "idexx-sync migrate --check" in data["error"]["message"]


HELP_FOR_EACH = """
import sys
from idexx_sync.cli.app import main
for noun in sys.argv[1:]:
    sys.argv = ["idexx-sync", *noun.split(), "--help"]
    try:
        main()
    except SystemExit:
        print("\\f", end="")
"""


def test_the_console_script_is_quiet_about_its_insides() -> None:
    """As a stranger runs it: no settings, no such command, help."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("IDEXX_", "DATABASE_"))}

    def run(
        *words: str, stdout: Any = subprocess.PIPE, **settings: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from idexx_sync.cli.start import main; main()", *words],
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            env=environ | settings,
            check=False,
        )

    unset = run("clinics", "list")
    assert (unset.returncode, unset.stdout) == (1, "")
    assert unset.stderr.startswith("idexx-sync: set these environment variables: DATABASE_URL")
    assert "Traceback" not in unset.stderr

    key = LOCAL_KEY.get_secret_value()
    down = run(
        "jobs", "list", DATABASE_URL="postgresql://x:y@127.0.0.1:1/z", IDEXX_SYNC_LOCAL_KEY=key
    )
    assert (down.returncode, down.stdout) == (6, "")
    assert "password and database are right in DATABASE_URL" in down.stderr

    mistyped, alone, helped = run("jbos"), run(), run("-h")
    assert (mistyped.returncode, mistyped.stdout) == (2, "")
    assert "No such command 'jbos'" in mistyped.stderr
    assert (alone.returncode, alone.stdout) == (2, "")
    assert alone.stderr.startswith("Usage: idexx-sync")
    assert (helped.returncode, helped.stderr) == (0, "")
    assert "Exit codes:" in helped.stdout

    completed = run(
        _IDEXX_SYNC_COMPLETE="complete_bash", COMP_WORDS="idexx-sync cl", COMP_CWORD="1"
    )
    assert completed.stdout.split() == ["clinics"]
    with Path("/dev/full").open("w") as full:
        lost = run("--version", stdout=full)
    assert lost.returncode == 1
    assert "No space left on device" in lost.stderr
    assert "Traceback" not in lost.stderr


def test_help_lists_whole_sentences_even_in_a_narrow_terminal() -> None:
    """All of it from one process: to start one for each would take a second each."""
    nouns = ("", "clinics", "sync", "jobs", "holds", "alerts", "dead-letters", "reconciliation")

    said = subprocess.run(
        [sys.executable, "-c", HELP_FOR_EACH, *nouns],
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "80"},
        check=True,
    )

    listed = [one.partition("Commands:")[2] for one in said.stdout.split("\f")[:-1]]
    assert len(listed) == len(nouns)
    for commands in listed:
        assert commands
        assert "..." not in commands


def test_records_and_days_that_were_not_read_are_named(
    bench: Bench, idexx_sync: CommandLine
) -> None:
    bench.cases()
    bench.later(60 * 24 * 60)
    bench.pims.records = [seen(start="2026-07-01 09:00:00")]
    job = bench.cases()

    shown = idexx_sync("jobs", "show", job.id)

    assert "clinical record of visit 600101: is named by the calendar" in shown.out
    assert "not read since the last success: 2026-04-27 to 2026-05-04" in shown.out
    named = f"--from 2026-04-27 --to 2026-05-04 --clinic {bench.clinic_id}"
    assert f"Read them with: idexx-sync sync cases {named}" in shown.out


def test_what_is_in_doubt_is_named_with_what_to_do(bench: Bench, idexx_sync: CommandLine) -> None:
    bench.pims.unreadable = [
        Unreadable("end_unreadable", "600999", start="2026-05-04 15:00:00"),
        Unreadable("id_missing", None, start="2026-05-04 16:00:00"),
    ]
    job = bench.sync()

    shown = idexx_sync("jobs", "show", job.id)

    assert "in doubt: 600999, not to be read (end unreadable)" in shown.out
    assert "one without a name (id_missing 2026-05-04 16:00:00" in shown.out
    assert "Not fresh: no complete read of the calendar" in shown.out
    assert f"explain appointment 600999 --clinic {bench.clinic_id}" in shown.out
    assert "? " not in shown.out
