"""Messages of which nobody knows whether they arrived: each is found where it went, comes once more
at most where nobody may look, and is never lost."""

import pytest

from idexx_sync.alerts.slack.client import LOOKED_BACK, MOST_PAGES
from idexx_sync.alerts.slack.looking import PATIENCE_S
from idexx_sync.alerts.slack.message_store import waiting
from local_stack.sinks.slack import Posted
from local_stack.sinks.trouble import Trouble
from tests.kit.database import query
from tests.kit.rows import add_alert
from tests.kit.slack_bench import Bench

LOST, BREAKS = Trouble("loses_answer"), Trouble("breaks")


def channels(bench: Bench) -> list[str]:
    return [one.channel for one in bench.sinks.slack.posted]


def goes_to_another_channel(bench: Bench) -> None:
    """The close of an alert that was told in a channel which is gone since."""
    alert = add_alert(bench.owner, bench.clinic())
    bench.tells()
    bench.gone()
    bench.close(alert)


def test_what_went_elsewhere_than_it_was_to_is_found_there(bench: Bench) -> None:
    goes_to_another_channel(bench)
    bench.sinks.troubles.next(None, LOST)  # the channel is gone; of the other one no answer comes

    assert bench.tells() == {"messages_unanswered": 1}
    assert bench.tells() == {"messages_sent": 1}
    assert bench.tells() == {}

    assert len(bench.shown) == 2


def test_what_went_elsewhere_twice_and_never_arrived_is_not_lost(bench: Bench) -> None:
    goes_to_another_channel(bench)
    bench.sinks.troubles.next(None, BREAKS)
    bench.tells()
    bench.sinks.troubles.next(None, None, BREAKS)  # it is looked for there before
    bench.tells()

    assert bench.tells() == {"messages_sent": 1}

    assert channels(bench) == ["C0ENGINEERS"] * 2
    assert waiting(bench.conn)[0] == 0


def test_what_is_in_doubt_is_found_although_another_channel_is_set_since(bench: Bench) -> None:
    alert = add_alert(bench.owner, bench.clinic())
    bench.sinks.troubles.next(LOST)
    bench.tells()
    bench.named["engineering"] = "C0CLINICS"

    assert bench.tells() == {"messages_sent": 1}
    bench.close(alert)
    bench.tells()

    head, end = bench.sinks.slack.posted
    assert head.channel == end.channel == "C0ENGINEERS"
    assert end.thread == head.ts


def test_a_later_copy_is_found_at_its_own_time(bench: Bench) -> None:
    """The first one never arrived, and nobody could look; the second one arrived much later."""
    add_alert(bench.owner, bench.clinic())
    bench.sinks.slack.scopes.discard("channels:history")
    bench.sinks.troubles.next(BREAKS)
    bench.tells()
    bench.ages(600)
    bench.sinks.troubles.next(None, LOST)
    bench.tells()
    bench.sinks.slack.scopes.add("channels:history")
    bench.rests()

    assert bench.tells() == {"messages_sent": 1}
    assert bench.tells() == {}
    assert len(bench.shown) == 1


def unseen_twice(bench: Bench) -> None:
    """Two are in doubt in a channel of which Slack shows us nothing; none has arrived."""
    bench.sinks.slack.scopes.discard("channels:history")
    bench.sinks.troubles.next(BREAKS)
    bench.tells()
    bench.sinks.troubles.next(None, BREAKS)
    bench.tells()
    bench.rests()
    assert bench.tells() == {"messages_refused": 1}
    assert bench.shown == []
    bench.rests()


def test_what_nobody_may_look_for_goes_to_the_channel_that_is_put_right(bench: Bench) -> None:
    add_alert(bench.owner, bench.clinic())
    unseen_twice(bench)
    del bench.sinks.slack.channels["C0ENGINEERS"]
    bench.named["engineering"] = "C0CLINICS"

    assert bench.tells() == {"messages_sent": 1}

    assert channels(bench) == ["C0CLINICS"]


def test_what_nobody_may_look_for_goes_again_after_some_hours(bench: Bench) -> None:
    add_alert(bench.owner, bench.clinic())
    unseen_twice(bench)
    bench.ages(PATIENCE_S / 2)
    assert bench.tells() == {"messages_refused": 1}
    bench.ages(PATIENCE_S)
    bench.rests()

    assert bench.tells() == {"messages_sent": 1}
    assert len(bench.shown) == 1


def test_what_is_over_and_nobody_may_look_for_is_forgotten_after_some_hours(bench: Bench) -> None:
    """Or it would wait for ever, and nobody be told of what else does."""
    alert = add_alert(bench.owner, bench.clinic())
    unseen_twice(bench)
    bench.close(alert)
    bench.ages(2 * PATIENCE_S)

    assert bench.tells() == {}
    assert bench.parts() == []


def test_what_a_refusal_ends_is_in_doubt_no_more(bench: Bench) -> None:
    """One copy is; of the other one Slack has said that it was not taken."""
    add_alert(bench.owner, bench.clinic())
    bench.sinks.troubles.next(LOST)
    bench.tells()
    bench.sinks.slack.scopes.clear()
    bench.tells()

    (row,) = query(bench.owner, "SELECT doubts, tries FROM idexx_sync.messages")
    assert [one["channel"] for one in row["doubts"]] == ["C0ENGINEERS"]
    assert row["tries"] == 1


def others(bench: Bench, number: int) -> None:
    """So much else is said in the channel at the same time."""
    (one,) = bench.sinks.slack.posted
    bench.sinks.slack.posted += [
        Posted(one.channel, f"{float(one.ts) + 0.001 * n:.6f}", None, "else", [], {}, one.at)
        for n in range(1, number)
    ]


def test_a_message_is_found_among_many_others(bench: Bench) -> None:
    alert = add_alert(bench.owner, bench.clinic())
    bench.sinks.troubles.next(LOST)
    bench.tells()
    others(bench, LOOKED_BACK * MOST_PAGES - 1)

    assert bench.tells() == {"messages_sent": 1}
    assert len(bench.sinks.slack.of_alert(alert)) == 1


def test_among_too_many_it_comes_once_more(bench: Bench) -> None:
    alert = add_alert(bench.owner, bench.clinic())
    bench.sinks.troubles.next(LOST)
    bench.tells()
    others(bench, LOOKED_BACK * MOST_PAGES + 2)

    assert bench.tells() == {"messages_sent": 1}
    assert len(bench.sinks.slack.of_alert(alert)) == 2
    assert bench.sinks.slack.calls.count("conversations.history") == MOST_PAGES


@pytest.mark.parametrize("more", [{}, {"next_cursor": ""}, {"next_cursor": 7}, "none", None])
def test_more_that_can_not_be_asked_for_keeps_nothing_waiting(bench: Bench, more: object) -> None:
    add_alert(bench.owner, bench.clinic())
    bench.sinks.troubles.next(BREAKS)
    bench.tells()
    real = bench.sinks.slack.call

    def call(method: str, token: str | None, given: dict[str, str]) -> dict[str, object]:
        if method == "conversations.history":
            return {"ok": True, "messages": [], "has_more": True, "response_metadata": more}
        return real(method, token, given)

    bench.sinks.slack.call = call  # type: ignore[assignment,method-assign]

    assert bench.tells() == {"messages_sent": 1}


def test_one_that_can_never_be_looked_for_keeps_no_other_in_doubt_waiting(bench: Bench) -> None:
    for _ in range(3):
        add_alert(bench.owner, bench.clinic())
        bench.sinks.troubles.next(LOST)
        bench.tells()
    assert len(bench.shown) == 3
    first = query(bench.owner, "SELECT doubts FROM idexx_sync.messages ORDER BY number")[0]
    left_at = first["doubts"][0]["left_at"]
    real = bench.sinks.slack.call

    def call(method: str, token: str | None, given: dict[str, str]) -> dict[str, object]:
        if method == "conversations.history" and abs(float(given["oldest"]) + 120 - left_at) < 1e-3:
            return {"ok": False, "error": "internal_error"}
        return real(method, token, given)

    bench.sinks.slack.call = call  # type: ignore[assignment,method-assign]

    for _ in range(3):
        bench.tells()

    assert waiting(bench.conn)[0] == 1
    assert len(bench.shown) == 3
