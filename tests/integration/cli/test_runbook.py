"""The runbook's part about everyday work: what its blocks show is what its commands print.

A block of the language `console` holds lines that are typed, each after `$ `, and what is shown
below them. Its section's scenario makes the world in which they are typed; where it yields the next
block is run. Blocks of the language `sh` are not run, and each line of them is named here with the
reason. REWRITE_TRANSCRIPTS=1 writes what is printed into the file: see `tests/kit/transcripts.py`.
"""

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

import pytest
from pydantic import SecretStr

from idexx_sync.database.connection import Conn
from idexx_sync.upkeep.dead_letters import take_in
from idexx_sync.upkeep.watchdog import watch
from neo_simulator.client import Simulator
from tests.integration.cli.on_call import COMMAND, OnCall
from tests.integration.cli.test_operators_morning import shift_all
from tests.kit.lending import Lending
from tests.kit.letters import message, record, tick_event
from tests.kit.paths import ROOT
from tests.kit.settings import PEPPER, random_key
from tests.kit.transcripts import REWRITES, blocks, rewrite

RUNBOOK: Final = ROOT / "docs/runbook.md"
EVERYDAY: Final = RUNBOOK.read_text().partition("\n# Alarms\n")[0]
NAMED: Final = re.compile(r"`(idexx-sync [^`]+)`")
AWS: Final = "it takes an account of AWS"
CDK: Final = "it takes an account of AWS, Node and Docker"
SHELL: Final = "it prepares the shell or a file for the lines beside it"
CHECKOUT: Final = "it would change the tree that is being tested"
NOT_RUN: Final = {
    "export IDEXX_SYNC_STAGE=staging": SHELL,
    "export DATABASE_URL=postgresql://...": SHELL,
    "secret() {": SHELL,
    '  aws secretsmanager get-secret-value --secret-id "idexx-sync/$IDEXX_SYNC_STAGE/$1"'
    " --query SecretString --output text": AWS,
    "}": SHELL,
    'export IDEXX_SYNC_LOCAL_KEY="$(secret local-key)"': AWS,
    'export IDEXX_SYNC_FINGERPRINT_KEY="$(secret fingerprint-key)"': AWS,
    'export IDEXX_SYNC_PEPPER="$(secret pepper)"': AWS,
    "git switch --detach VERSION": CHECKOUT,
    "git switch --detach VERSION_BEFORE": CHECKOUT,
    "cdk diff -c stage=STAGE": CDK,
    "cdk deploy -c stage=STAGE": CDK,
    "curl -s $URL/health": "it takes a deployed API",
    "openssl rand -base64 32 > new.txt": SHELL,
    "aws secretsmanager put-secret-value --secret-id idexx-sync/STAGE/NAME"
    " --secret-string file://new.txt": AWS,
    "rm new.txt": SHELL,
    "POISON=$(aws cloudformation describe-stacks --stack-name STACK"
    " --query \"Stacks[0].Outputs[?OutputKey=='PoisonQueueArn'].OutputValue\" --output text)": AWS,
    'aws sqs start-message-move-task --source-arn "$POISON"': AWS,
    'aws sqs list-message-move-tasks --source-arn "$POISON"': AWS,
}
"""Each line of a block `sh`, without its comment, and why no test runs it."""
type Scenario = Callable[[OnCall], Iterator[None]]
SCENARIOS: Final[dict[str, Scenario]] = {}


def scenario(section: str) -> Callable[[Scenario], Scenario]:
    def of_section(made: Scenario) -> Scenario:
        SCENARIOS[section] = made
        return made

    return of_section


@pytest.fixture
def on_call(
    conn: Conn,
    database: str,
    simulator: Simulator,
    lending: Lending,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[OnCall]:
    made = OnCall(conn, database, simulator, lending, monkeypatch)
    yield made
    made.close()


@scenario("Before anything else")
def before_anything_else(_it: OnCall) -> Iterator[None]:
    yield


@scenario("Deploy")
def deploy(it: OnCall) -> Iterator[None]:
    it.neo.book("2026-05-04 09:00")
    it.synced()
    yield


@scenario("Roll back")
def roll_back(it: OnCall) -> Iterator[None]:
    it.synced()
    yield
    it.later(20)
    yield


@scenario("Replace a secret")
def replace_a_secret(it: OnCall) -> Iterator[None]:
    it.synced()
    it.quietly("secrets", "accept", "local_key")
    it.local_key = SecretStr(random_key())
    yield
    it.types_credentials()
    yield
    it.quietly("keys", "create", "--clinic", str(it.clinic_id), "--name", "front desk")
    it.pepper = SecretStr(f"{PEPPER.get_secret_value()} {random_key()}")
    yield


@scenario("Bring a clinic on board")
def bring_on_board(it: OnCall) -> Iterator[None]:
    it.conn.execute("TRUNCATE idexx_sync.credentials, idexx_sync.clinic_settings CASCADE")
    seen = it.neo.book("2026-05-04 09:00", room=3)
    it.neo.book("2026-05-04 11:00", room=5)
    it.neo.book("2026-05-04 12:00", room=4)
    yield
    it.types_credentials()
    yield
    yield
    it.later(180)
    it.neo.start_consultation(seen)
    it.neo.finalise(seen)
    yield


@scenario("Pause one clinic, or all of them")
def pause(it: OnCall) -> Iterator[None]:
    it.neo.book("2026-05-04 09:00")
    it.synced()
    yield
    it.later(30)
    yield
    yield


@scenario("Read a job")
def read_a_job(it: OnCall) -> Iterator[None]:
    moved, deleted = it.neo.book("2026-05-04 09:00"), it.neo.book("2026-05-04 10:00")
    it.synced()
    it.neo.move(moved, "2026-05-04 14:00")
    it.neo.delete(deleted)
    it.neo.book("2026-05-04 11:00")
    it.run()
    yield
    yield
    it.neo.set_password("another-one")
    it.neo.expire_sessions()
    it.later()
    it.run()
    yield


@scenario("Decide a hold")
def decide_a_hold(it: OnCall) -> Iterator[None]:
    shift_all(it)
    it.name_hold("1")
    yield
    yield
    for visit in it.neo.state()["visits"]:
        hour = int(visit["start"][11:13])
        it.neo.move(visit["id"], f"2026-05-04 {hour + 1}:00")
    it.later()
    assert it.run().status == "held"
    it.name_hold("2")
    yield


@scenario("Drain the dead letters")
def drain_dead_letters(it: OnCall) -> Iterator[None]:
    it.neo.book("2026-05-04 09:00")
    it.synced()
    event = tick_event(it.clinic_id)
    del event["scheduled_time"]
    take_in(it.conn, message(record(event)))
    it.later(1)
    take_in(it.conn, message("no message of ours"))
    yield
    yield


@scenario("Undo a wrong list of rooms")
def undo_wrong_rooms(it: OnCall) -> Iterator[None]:
    it.setting(room_ids=["3", "5"])
    it.neo.book("2026-05-04 09:00", room=3)
    it.neo.book("2026-05-05 09:00", room=5)
    it.neo.book("2026-05-05 11:00", room=4)
    it.synced()
    it.cases()
    it.setting(room_ids=["4"])
    it.run()
    it.later(60 * 24)
    it.run()
    it.later(5)
    yield
    yield
    yield
    yield


@scenario("After a failover, or a restore from a backup")
def restore(it: OnCall) -> Iterator[None]:
    """What is there is the backup; Neo has gone on."""
    days = ("2026-05-04 15:00", "2026-05-05 16:00", "2026-05-06 09:00")
    yesterdays, moved, deleted = map(it.neo.book, days)
    it.neo.book("2026-05-05 12:00")
    it.synced()
    it.later(60 * 24)
    watched = partial(watch, it.conn, lambda: 30.0, lambda *_order: None)
    watched()
    it.neo.delete(yesterdays)
    assert it.run().status == "succeeded"
    it.cases()
    it.later(60 * 4)
    it.neo.move(moved, "2026-05-06 10:00")
    it.neo.delete(deleted)
    it.neo.book("2026-05-07 14:00")
    yield
    yield
    yield
    yield
    it.later(5)
    watched()
    yield


@pytest.mark.parametrize("section", SCENARIOS)
def test_what_a_section_shows_is_what_its_commands_print(section: str, on_call: OnCall) -> None:
    found = [
        block
        for block in blocks(RUNBOOK.read_text())
        if (block.section, block.language) == (section, "console")
    ]
    printed = [
        [line for command in block.commands for line in on_call.type_in(command)]
        for block, _ in zip(found, SCENARIOS[section](on_call), strict=True)
    ]
    if REWRITES:
        rewrite(RUNBOOK, section, "console", printed)
        return

    shown = [line for block in found for line in block.lines]
    assert "\n".join(line for body in printed for line in body) == "\n".join(shown)


def test_each_section_with_commands_has_a_scenario() -> None:
    assert {one.section for one in blocks(EVERYDAY) if one.language == "console"} == set(SCENARIOS)


def test_what_is_not_run_is_named_with_the_reason() -> None:
    typed = [line for one in blocks(EVERYDAY) if one.language == "sh" for line in one.lines]

    assert sorted({line.partition("  #")[0].rstrip() for line in typed}) == sorted(NOT_RUN)
    assert {one.language for one in blocks(RUNBOOK.read_text())} == {"console", "sh"}


def test_each_command_that_the_text_names_is_one() -> None:
    """With the options that it has; whatever stands for a value is taken for one."""
    for named in NAMED.findall(RUNBOOK.read_text()):
        command, *words = shlex.split(named)
        assert command == "idexx-sync"
        assert not unknown(words), named


def unknown(words: Sequence[str]) -> set[str]:
    """Those of the words that the command line does not know."""
    command = COMMAND
    rest = list(words)
    while rest and (commands := getattr(command, "commands", None)):
        if rest[0] not in commands:
            return {rest[0]}
        command = commands[rest.pop(0)]
    known = {option for one in command.params for option in one.opts}
    return {word for word in rest if word.startswith("-")} - known
