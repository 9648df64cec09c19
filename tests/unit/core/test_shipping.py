"""Log lines on their way to Axiom, over real sockets: they never cost more than two seconds."""

import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

import pytest

from idexx_sync.core.axiom import SHIPS_FOR_S, process_axiom
from idexx_sync.core.log_fields import MOST_TEXT
from idexx_sync.core.logs import logger
from idexx_sync.core.shipments import Shipments
from idexx_sync.core.shipping import MOST_BYTES, MOST_LINES, Shipping, shipped
from local_stack.sinks.server import Sinks
from local_stack.sinks.trouble import Kind, Trouble

KINDS: tuple[Kind, ...] = ("hangs", "slow", "drips", "breaks", "loses_answer", "status")
QUICK_S = 0.4


@pytest.fixture
def shipping() -> Shipping:
    return Shipping(process_axiom, QUICK_S)


def logs(*lines: str) -> None:
    for line in lines:
        logger().info(line, counts={"read": 3})


def ends(shipping: Shipping, *lines: str) -> None:
    """An event that logs these."""
    shipped(lambda _event, _context: logs(*lines), shipping)({}, None)


def lost(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [one for one in caplog.records if one.message == "log lines not shipped"]


def losses(caplog: pytest.LogCaptureFixture) -> list[tuple[int, str]]:
    """How many lines CloudWatch was told of, and why they did not arrive."""
    return [(one.__dict__["count"], one.__dict__["reason"]) for one in lost(caplog)]


def measured(printed: str) -> list[int]:
    """What CloudWatch counts as not shipped."""
    found = (json.loads(line) for line in printed.splitlines() if "LinesNotShipped" in line)
    return [one["LinesNotShipped"][0] for one in found]


def messages(sinks: Sinks) -> list[str]:
    return [str(event["message"]) for event in sinks.axiom.events]


def test_the_lines_of_an_event_arrive_in_one_request(sinks: Sinks, shipping: Shipping) -> None:
    warm = Shipping(process_axiom, 10)  # the library takes a third of a second to load
    ends(warm, "begun", "ended")

    assert messages(sinks) == ["begun", "ended"]
    assert sinks.axiom.requests == 1
    assert sinks.axiom.events[0]["counts"] == {"read": 3}
    assert sinks.axiom.events[0]["timestamp"].endswith("+00:00")


def test_what_an_event_answers_or_raises_stays_as_it_is(sinks: Sinks, shipping: Shipping) -> None:
    def fails(_event: object, _context: object) -> None:
        logs("about to fail")
        raise LookupError("as it was")

    assert shipped(lambda event, _context: event, shipping)(7, None) == 7
    with pytest.raises(LookupError, match="as it was"):
        shipped(fails, shipping)({}, None)

    assert messages(sinks) == ["about to fail"]


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_axiom_does_it_costs_no_more_and_the_next_event_says_what_was_lost(
    sinks: Sinks, shipping: Shipping, kind: Kind
) -> None:
    ends(Shipping(process_axiom, 20), "warms up")
    sinks.troubles.always(Trouble(kind, seconds=5, status=503))

    began = time.monotonic()
    ends(shipping, "one", "two")
    assert time.monotonic() - began < QUICK_S + 0.5

    sinks.troubles.always(None)
    ends(shipping, "three")
    lost = next(event for event in sinks.axiom.events if event["message"].startswith("log lines"))
    assert lost["count"] == 2
    assert messages(sinks)[-2:] == ["three", "log lines not shipped"]


def test_the_longest_is_two_seconds() -> None:
    assert SHIPS_FOR_S == 2.0


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch, sinks: Sinks, shipping: Shipping) -> None:
    monkeypatch.setenv("IDEXX_SYNC_AXIOM_URL", "http://127.0.0.1:9")
    process_axiom.forget()

    ends(shipping, "one")

    assert messages(sinks) == []


def test_without_a_token_nothing_is_sent_and_nothing_is_lost(
    monkeypatch: pytest.MonkeyPatch,
    sinks: Sinks,
    shipping: Shipping,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.delenv("IDEXX_SYNC_AXIOM_TOKEN")
    process_axiom.forget()

    ends(shipping, "one")
    ends(shipping, "two")

    assert sinks.axiom.requests == 0
    assert [record.message for record in caplog.records] == ["one", "two"]


def test_settings_that_make_no_sense_are_named(
    monkeypatch: pytest.MonkeyPatch,
    sinks: Sinks,
    shipping: Shipping,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("IDEXX_SYNC_AXIOM_URL", "http://elsewhere.test")
    process_axiom.forget()

    ends(shipping, "one")
    ends(shipping, "two")

    told = [getattr(record, "error_message", "") for record in lost(caplog)]
    assert {reason for _, reason in losses(caplog)} == {"configuration_invalid"}
    assert any("IDEXX_SYNC_AXIOM_URL" in str(words) for words in told)


@pytest.mark.parametrize(
    ("number", "size"), [(MOST_LINES + 20, 10), (MOST_BYTES // MOST_TEXT + 2, MOST_TEXT)]
)
def test_what_is_too_much_is_left_out_and_counted(
    sinks: Sinks, shipping: Shipping, number: int, size: int
) -> None:
    generous = Shipping(process_axiom, 20)
    ends(generous, *["x" * size] * number)
    kept = len(sinks.axiom.events)
    ends(generous, "next")

    assert 0 < kept < number
    lost = next(event for event in sinks.axiom.events if event["message"].startswith("log lines"))
    assert lost["count"] == number - (kept - 1)  # it is told beside those that were kept


def test_the_library_is_loaded_by_the_first_line_that_is_sent_and_not_before() -> None:
    program = (
        "import sys\n"
        "from functions.inbound_sync import handler\n"
        "from functions.watchdog import handler as watchdog\n"
        "from functions.authorizer import handler as authorizer\n"
        "print([name for name in sys.modules if name.split('.')[0] in "
        "('axiom_py', 'slack_sdk', 'requests')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout.strip() == "[]"


def test_a_stage_that_makes_no_sense_fails_nobody(
    monkeypatch: pytest.MonkeyPatch, sinks: Sinks, shipping: Shipping
) -> None:
    monkeypatch.setenv("IDEXX_SYNC_AXIOM_URL", "http://127.0.0.1:9")
    process_axiom.forget()
    ends(shipping, "lost")
    monkeypatch.setenv("IDEXX_SYNC_STAGE", "No Stage")

    ends(shipping, "and the event after it")


def test_a_loss_is_told_and_counted_at_once_and_axiom_is_told_by_the_next_event(
    sinks: Sinks,
    shipping: Shipping,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A sandbox may never see a next event."""
    ends(Shipping(process_axiom, 20), "warms up")
    sinks.troubles.always(Trouble("status", status=503))

    ends(shipping, "one", "two")

    assert losses(caplog) == [(2, "axiom_503")]
    assert measured(capsys.readouterr().out) == [2]

    ends(shipping, "three")
    sinks.troubles.always(None)
    ends(shipping, "four")

    assert losses(caplog) == [(2, "axiom_503"), (1, "axiom_503")]
    assert measured(capsys.readouterr().out) == [1]
    told = [one for one in sinks.axiom.events if one["message"] == "log lines not shipped"]
    assert [(one["count"], one["reason"], one["level"]) for one in told] == [
        (3, "axiom_503", "WARNING")
    ]


@pytest.mark.parametrize(
    ("variable", "wrong", "reason"),
    [
        ("IDEXX_SYNC_AXIOM_TOKEN", "xaat-of-another", "axiom_403"),
        ("IDEXX_SYNC_AXIOM_DATASET", "another", "axiom_404"),
    ],
)
def test_a_wrong_token_is_told_from_a_wrong_dataset(
    monkeypatch: pytest.MonkeyPatch,
    sinks: Sinks,
    caplog: pytest.LogCaptureFixture,
    variable: str,
    wrong: str,
    reason: str,
) -> None:
    monkeypatch.setenv(variable, wrong)
    process_axiom.forget()

    ends(Shipping(process_axiom, 20), "one")

    assert losses(caplog) == [(1, reason)]


def test_what_axiom_drips_is_broken_off_and_leaves_no_thread(
    sinks: Sinks, shipping: Shipping
) -> None:
    ends(Shipping(process_axiom, 20), "warms up")
    sinks.troubles.always(Trouble("drips"))
    for _ in range(4):
        ends(shipping, "x" * 900)

    time.sleep(0.2)
    assert [one.name for one in threading.enumerate() if one.name == "in-time"] == []


class Deaf:
    """Takes lines and never ends, whoever breaks it off."""

    def __init__(self) -> None:
        self.taken: list[Sequence[str]] = []
        self.let_go = threading.Event()

    def __call__(self, lines: Sequence[str]) -> int:
        self.taken.append(lines)
        self.let_go.wait(20)
        return 0

    def break_off(self) -> None:
        """It does not listen."""


def test_while_a_shipment_that_was_given_up_goes_on_no_other_one_begins() -> None:
    deaf = Deaf()
    ships = Shipments(lambda: deaf, 0.1)

    found = [ships(["one", "two"]) for _ in range(3)]

    assert [(one.lost, one.reason) for one in found] == [
        (2, "timeout"),
        (2, "still_sending"),
        (2, "still_sending"),
    ]
    assert len(deaf.taken) == 1
    deaf.let_go.set()
    while ships(["three"]).lost:
        time.sleep(0.01)
    assert deaf.taken[1:] == [["three"]]
