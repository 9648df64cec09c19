"""What Slack is told, over real sockets: each thing once, nothing twice, and nothing lost."""

from datetime import timedelta
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from idexx_sync.alerts.alert_store import acknowledge, mute
from idexx_sync.alerts.incident_store import stand_together
from idexx_sync.alerts.slack import client as slack_client
from idexx_sync.alerts.slack.message_store import REFUSED_RESTS, waiting
from idexx_sync.upkeep.watchdog import watch
from idexx_sync.upkeep.wiring import process_telling, telling
from local_stack.sinks.slack import TOKEN
from local_stack.sinks.trouble import Trouble
from tests.kit.business_time import set_business_time
from tests.kit.database import query
from tests.kit.records import MORNING
from tests.kit.rows import add_alert, add_hold, before
from tests.kit.slack_bench import Bench


def test_an_alert_is_told_once_and_its_end_in_the_same_thread(bench: Bench) -> None:
    alert = add_alert(
        bench.owner,
        bench.clinic("Example Animal Hospital"),
        "credentials_rejected",
        who_acts="clinic",
    )

    assert bench.tells() == {"messages_sent": 1}
    assert bench.tells() == {}
    bench.close(alert)
    assert bench.tells() == {"messages_sent": 1}
    assert bench.tells() == {}

    head, end = bench.sinks.slack.posted
    assert head.channel == end.channel == "C0CLINICS"
    assert (head.thread, end.thread) == (None, head.ts)
    assert "Example Animal Hospital" in head.shown
    assert "Neo refuses the clinic's company id, username or password" in head.shown
    assert "the clinic has to act" in head.shown
    assert "`idexx-sync credentials set --clinic " in head.shown
    assert "a run went well" in end.shown


def test_who_has_to_act_says_whose_channel_it_is(bench: Bench) -> None:
    add_alert(bench.owner, bench.clinic(), "shape_changed", who_acts="odis")

    bench.tells()

    assert [one.channel for one in bench.sinks.slack.posted] == ["C0ENGINEERS"]


@pytest.mark.parametrize(
    "columns",
    [
        {"kind": "pims_unavailable", "who_acts": "nobody"},
        {"muted_until": MORNING + timedelta(hours=1), "muted_by": "Kim"},
        {"closed_at": MORNING},
    ],
)
def test_what_needs_nobody_or_is_muted_or_over_is_not_told(
    bench: Bench, columns: dict[str, object]
) -> None:
    add_alert(bench.owner, bench.clinic(), **columns)  # type: ignore[arg-type]

    assert bench.tells() == {}
    assert bench.shown == []


def test_data_that_grow_old_are_told_although_nobody_has_to_act(bench: Bench) -> None:
    add_alert(bench.owner, bench.clinic(), "stale", who_acts="nobody", code="pims_unavailable")

    bench.tells()

    assert "have grown old: Neo can not be reached" in bench.shown[0]


def test_a_mute_ends_and_then_it_is_told(bench: Bench) -> None:
    alert = add_alert(bench.owner, bench.clinic(), muted_until=MORNING + timedelta(hours=1))
    bench.tells()

    set_business_time(bench.owner, MORNING + timedelta(hours=2))
    assert bench.tells() == {"messages_sent": 1}
    assert len(bench.sinks.slack.of_alert(alert)) == 1


def test_what_many_have_alike_is_told_once(bench: Bench) -> None:
    for _ in range(8):
        add_alert(bench.owner, bench.clinic(), "shape_changed", code="no_data")
    stand_together(bench.conn)

    assert bench.tells() == {"messages_sent": 1}

    (text,) = bench.shown
    assert "8 clinics" in text
    assert "in 8 of 8 clinics" in text


def test_what_was_told_before_it_became_one_of_many_says_so_in_its_thread(bench: Bench) -> None:
    first = add_alert(bench.owner, bench.clinic(), "shape_changed", code="no_data")
    bench.tells()
    for _ in range(8):
        add_alert(bench.owner, bench.clinic(), "shape_changed", code="no_data")
    stand_together(bench.conn)

    bench.tells()

    thread = bench.sinks.slack.of_alert(first)
    assert len(thread) == 2
    assert "one alert stands for them: `idexx-sync alerts show " in thread[1].shown


def test_holds_carry_the_command_that_lets_them_through(bench: Bench) -> None:
    clinic_id = bench.clinic()
    hold = add_hold(bench.owner, clinic_id, "times_shifted")
    add_alert(bench.owner, clinic_id, "held", code="times_shifted")

    bench.tells()

    assert f"`idexx-sync holds approve {hold}`" in bench.shown[0]
    assert "nearly all visits moved by the same amount of time" in bench.shown[0]


def test_a_hold_says_of_how_many_records_and_days_it_is(bench: Bench) -> None:
    clinic_id = bench.clinic()
    hold = add_hold(bench.owner, clinic_id, "unproven_visit_losses")
    found = {
        "600101": {"start": "2026-05-04 09:00:00"},
        "600102": {"start": ["2026-05-06 09:00:00", "2026-05-07 10:00:00"]},
        "600103": {"start": None},
    }
    bench.owner.execute(
        "UPDATE idexx_sync.holds SET findings = %s WHERE id = %s", (Jsonb(found), hold)
    )
    add_hold(bench.owner, clinic_id, "unproven_block_losses")
    add_alert(bench.owner, clinic_id, "held", code="unproven_block_losses")

    bench.tells()

    (text,) = bench.shown
    assert "more visits vanished than is plausible; more blocks vanished than is plausible" in text
    assert "(3 records of 2026-05-04 to 2026-05-07, inbound)" in text
    assert f"or `idexx-sync holds reject {hold}`" in text


def test_another_hold_is_told_in_the_thread(bench: Bench) -> None:
    clinic_id = bench.clinic()
    add_hold(bench.owner, clinic_id, "times_shifted")
    alert = add_alert(bench.owner, clinic_id, "held", code="times_shifted")
    bench.tells()

    add_hold(bench.owner, clinic_id, "empty_calendar")
    assert bench.tells() == {"messages_sent": 1}

    assert "2 holds open" in bench.sinks.slack.of_alert(alert)[1].shown


def test_who_has_seen_it_is_told_in_the_thread(bench: Bench) -> None:
    alert = add_alert(bench.owner, bench.clinic())
    bench.tells()

    acknowledge(bench.conn, alert, "Kim")
    bench.tells()
    assert bench.tells() == {}

    assert "seen by Kim" in bench.sinks.slack.of_alert(alert)[1].shown


def muted(bench: Bench, alert: UUID, **length: float) -> None:
    mute(bench.owner, alert, MORNING + timedelta(**length), "Kim")


def test_a_mute_is_told_once_in_the_thread_and_its_end_with_what_still_is_so(bench: Bench) -> None:
    alert = add_alert(bench.owner, bench.clinic(), code="no_data")
    bench.tells()

    muted(bench, alert, hours=1)
    assert bench.tells() == {"messages_sent": 1}
    bench.owner.execute("UPDATE idexx_sync.alerts SET code = 'no_events' WHERE id = %s", (alert,))
    assert bench.tells() == {}
    set_business_time(bench.owner, MORNING + timedelta(hours=2))
    assert bench.tells() == {"messages_sent": 1}
    assert bench.tells() == {}

    _, mutes, ends = (one.shown for one in bench.sinks.slack.of_alert(alert))
    assert "muted by Kim until 2026-05-04 " in mutes
    assert "muted no longer, and still so: An answer of Neo no longer has the shape" in ends
    assert "(no events)" in ends


def test_who_mutes_for_longer_or_ends_it_is_told_and_what_is_over_while_muted_too(
    bench: Bench,
) -> None:
    alert = add_alert(bench.owner, bench.clinic())
    bench.tells()
    for hours in (1, 5):
        muted(bench, alert, hours=hours)
        assert bench.tells() == {"messages_sent": 1}
    mute(bench.owner, alert, None, None)
    assert bench.tells() == {"messages_sent": 1}
    muted(bench, alert, hours=1)
    bench.tells()
    bench.close(alert)
    assert bench.tells() == {"messages_sent": 1}

    told = [one.shown for one in bench.sinks.slack.of_alert(alert)]
    said = ["muted by", "muted by", "muted no longer", "muted by", "a run went well"]
    assert [words in one for words, one in zip(said, told[1:], strict=True)] == [True] * 5


def test_a_mute_that_is_over_before_it_could_be_told_is_not_told(bench: Bench) -> None:
    alert = add_alert(bench.owner, bench.clinic())
    bench.tells()
    muted(bench, alert, hours=1)
    bench.left = 1
    bench.tells()
    set_business_time(bench.owner, MORNING + timedelta(hours=2))
    bench.left = 40

    assert bench.tells() == {}
    assert len(bench.sinks.slack.of_alert(alert)) == 1


def test_the_last_word_of_what_is_closed_and_open_again_within_a_pass_is_true(
    bench: Bench,
) -> None:
    clinic_id = bench.clinic()
    first = add_alert(bench.owner, clinic_id)
    bench.tells()
    bench.close(first)
    again = add_alert(bench.owner, clinic_id)

    assert bench.tells() == {"messages_sent": 2}

    _, end, opening = bench.sinks.slack.posted
    assert str(first)[:8] in end.shown
    assert "over, and so again" in end.text
    assert "it is so again since then" in end.shown
    assert str(again)[:8] in opening.shown


def test_an_end_that_comes_late_says_that_it_is_so_again(bench: Bench) -> None:
    """Its answer was lost on the way, and what opened anew has overtaken it."""
    clinic_id = bench.clinic()
    first = add_alert(bench.owner, clinic_id)
    bench.tells()
    bench.close(first)
    bench.sinks.troubles.next(Trouble("breaks"))
    bench.tells()
    add_alert(bench.owner, clinic_id)
    bench.tells()
    bench.tells()

    assert "it is so again since then" in bench.sinks.slack.of_alert(first)[-1].shown


def test_where_its_reason_changes_one_of_many_is_told_by_itself_and_why(bench: Bench) -> None:
    first = add_alert(bench.owner, bench.clinic(), code="no_data")
    bench.tells()
    for _ in range(8):
        add_alert(bench.owner, bench.clinic(), code="no_data")
    stand_together(bench.conn)
    bench.tells()
    bench.owner.execute("UPDATE idexx_sync.alerts SET code = 'no_events' WHERE id = %s", (first,))
    stand_together(bench.conn)

    bench.tells()

    last = bench.sinks.slack.of_alert(first)[-1].shown
    assert "its reason is another one than that of the many clinics" in last
    assert "few clinics" not in last
    assert "(no events)" in last


def test_of_few_that_are_left_each_is_told_by_itself_with_that_as_why(bench: Bench) -> None:
    first = add_alert(bench.owner, bench.clinic(), code="no_data")
    bench.tells()
    others = [add_alert(bench.owner, bench.clinic(), code="no_data") for _ in range(8)]
    stand_together(bench.conn)
    bench.tells()
    for other in others:
        bench.close(other)
    stand_together(bench.conn)

    bench.tells()

    last = bench.sinks.slack.of_alert(first)[-1].shown
    assert "few clinics are left that have it alike" in last


def test_who_begins_weeks_later_is_told_by_itself_and_many_in_the_thread_of_many(
    bench: Bench,
) -> None:
    for _ in range(8):
        add_alert(bench.owner, bench.clinic(), code="no_data", opened_at=before(hours=1))
    stand_together(bench.conn)
    bench.tells()
    later = MORNING + timedelta(days=20)
    set_business_time(bench.owner, later)
    lonely = add_alert(bench.owner, bench.clinic("Example East"), code="no_data", opened_at=later)
    stand_together(bench.conn)

    assert bench.tells() == {"messages_sent": 1}
    assert len(bench.sinks.slack.of_alert(lonely)) == 1

    for _ in range(7):
        add_alert(bench.owner, bench.clinic(), code="no_data", opened_at=later)
    stand_together(bench.conn)
    bench.tells()
    head, *_ = bench.sinks.slack.posted
    (anew,) = (one for one in bench.sinks.slack.posted if one.thread == head.ts)
    assert "it has begun in many more clinics" in anew.shown
    assert "in 16 of 16 clinics" in anew.shown


def test_a_clinics_name_calls_nobody_and_formats_nothing(bench: Bench) -> None:
    add_alert(bench.owner, bench.clinic("<!channel> & *Paws* `rm` <https://example.test|x>"))

    bench.tells()

    (one,) = bench.sinks.slack.posted  # the sink refuses what is not escaped, as Slack would
    assert "&lt;!channel&gt; &amp; Paws rm" in one.shown


@pytest.mark.parametrize("kind", ["breaks", "hangs", "slow", "drips"])
def test_while_slack_does_not_answer_nothing_is_lost_or_told_twice(
    bench: Bench, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slack_client, "LONGEST_S", 0.3)
    alert = add_alert(bench.owner, bench.clinic())
    bench.sinks.troubles.always(Trouble(kind, seconds=1.0))  # type: ignore[arg-type]

    assert bench.tells() == {"messages_unanswered": 1}
    assert bench.tells()["messages_unanswered"] == 1  # it is looked for, and that fails as well
    bench.sinks.troubles.always(None)
    bench.sinks.troubles.let_go.wait(1.2 if kind == "slow" else 0)  # the late one has arrived

    bench.tells()
    bench.tells()

    assert len(bench.sinks.slack.of_alert(alert)) == 1


@pytest.mark.parametrize("status", [500, 502, 503])
def test_an_error_of_slacks_own_is_tried_again(bench: Bench, status: int) -> None:
    alert = add_alert(bench.owner, bench.clinic())
    bench.sinks.troubles.next(Trouble("status", status=status))

    assert bench.tells() == {"messages_unanswered": 1}
    assert bench.tells() == {"messages_sent": 1}
    assert len(bench.sinks.slack.of_alert(alert)) == 1


def test_one_that_does_not_get_through_keeps_no_other_one_waiting(bench: Bench) -> None:
    first = add_alert(bench.owner, bench.clinic(), opened_at=before(minutes=2))
    second = add_alert(bench.owner, bench.clinic(), opened_at=before(minutes=1))
    bench.sinks.troubles.next(Trouble("status"))
    bench.tells()
    bench.sinks.troubles.next(None, Trouble("status"))

    bench.tells()

    assert len(bench.sinks.slack.of_alert(second)) == 1
    assert bench.sinks.slack.of_alert(first) == []
    bench.tells()
    assert len(bench.sinks.slack.of_alert(first)) == 1


def test_a_message_whose_answer_was_lost_is_found_and_not_sent_again(bench: Bench) -> None:
    alert = add_alert(bench.owner, bench.clinic())
    bench.sinks.troubles.next(Trouble("loses_answer"))

    assert bench.tells() == {"messages_unanswered": 1}
    assert bench.tells() == {"messages_sent": 1}
    bench.close(alert)
    assert bench.tells() == {"messages_sent": 1}

    head, end = bench.sinks.slack.of_alert(alert)
    assert end.thread == head.ts


def test_of_a_thread_as_well(bench: Bench) -> None:
    alert = add_alert(bench.owner, bench.clinic())
    bench.tells()
    bench.close(alert)
    bench.sinks.troubles.next(Trouble("loses_answer"))

    bench.tells()
    bench.tells()

    assert len(bench.sinks.slack.of_alert(alert)) == 2


def test_where_slack_lets_nobody_look_it_comes_twice_at_most(bench: Bench) -> None:
    add_alert(bench.owner, bench.clinic())
    bench.sinks.slack.scopes.discard("channels:history")
    bench.sinks.troubles.next(Trouble("loses_answer"))
    bench.tells()
    for _ in range(5):  # to look for it is refused; to send it, the answer is lost
        bench.sinks.troubles.next(None, Trouble("loses_answer"))
        bench.tells()

    assert len(bench.shown) == 2
    assert waiting(bench.conn)[0] == 1


def test_too_much_is_waited_for_as_long_as_slack_says(bench: Bench) -> None:
    for _ in range(3):
        add_alert(bench.owner, bench.clinic())
    bench.sinks.troubles.next(None, Trouble("status", status=429, seconds=90))

    assert bench.tells() == {"messages_sent": 1, "messages_held_back": 1}
    calls = len(bench.sinks.slack.calls)
    bench.waits(80)
    assert bench.tells() == {}
    assert len(bench.sinks.slack.calls) == calls
    bench.waits(20)
    assert bench.tells() == {"messages_sent": 2}
    assert len(bench.shown) == 3


def test_messages_of_one_pass_are_apart_and_few(bench: Bench) -> None:
    for _ in range(25):
        add_alert(bench.owner, bench.clinic())

    assert bench.tells() == {"messages_sent": 20}
    assert len(bench.paused) == 19
    assert min(bench.paused) >= 1
    assert bench.tells() == {"messages_sent": 5}


def test_a_pass_that_has_no_time_sends_nothing(bench: Bench) -> None:
    add_alert(bench.owner, bench.clinic())
    bench.left = 15

    assert bench.tells() == {}
    assert bench.shown == []
    assert waiting(bench.conn)[0] == 1


def test_what_slack_refuses_is_told_and_tried_again_later(bench: Bench) -> None:
    alert = add_alert(bench.owner, bench.clinic())
    bench.sinks.slack.scopes.discard("chat:write")

    assert bench.tells() == {"messages_refused": 1}
    assert bench.tells() == {}  # not each minute
    (row,) = query(bench.owner, "SELECT refused FROM idexx_sync.messages")
    assert row["refused"] == "missing_scope"

    bench.sinks.slack.scopes.add("chat:write")
    bench.owner.execute(
        "UPDATE idexx_sync.messages SET refused_at = refused_at - %s", (2 * REFUSED_RESTS,)
    )
    assert bench.tells() == {"messages_sent": 1}
    assert len(bench.sinks.slack.of_alert(alert)) == 1


def test_one_that_is_over_before_it_could_be_told_is_not_told_at_all(bench: Bench) -> None:
    alert = add_alert(bench.owner, bench.clinic())
    bench.left = 1
    bench.tells()
    bench.close(alert)
    bench.left = 40

    assert bench.tells() == {}
    assert bench.parts() == []


def test_one_that_is_over_while_nobody_knew_whether_it_was_told(bench: Bench) -> None:
    """It was not there, so there is nothing to take back."""
    alert = add_alert(bench.owner, bench.clinic())
    bench.sinks.troubles.next(Trouble("breaks"))
    bench.tells()
    bench.close(alert)

    bench.tells()
    bench.tells()

    assert bench.shown == []
    assert bench.parts() == []


def test_an_end_follows_also_where_the_opening_was_found_late(bench: Bench) -> None:
    alert = add_alert(bench.owner, bench.clinic())
    bench.sinks.troubles.next(Trouble("loses_answer"))
    bench.tells()
    bench.close(alert)

    bench.tells()
    bench.tells()

    assert len(bench.sinks.slack.of_alert(alert)) == 2


def test_a_thread_that_is_gone_gets_a_message_of_its_own(bench: Bench) -> None:
    alert = add_alert(bench.owner, bench.clinic())
    bench.tells()
    bench.sinks.slack.posted.clear()  # somebody has deleted it
    bench.close(alert)

    assert bench.tells() == {"messages_sent": 1}
    assert [one.thread for one in bench.sinks.slack.posted] == [None]


def test_what_waits_is_known_with_its_age(bench: Bench) -> None:
    add_alert(bench.owner, bench.clinic(), opened_at=before(minutes=3))
    bench.left = 1
    bench.tells()
    set_business_time(bench.owner, MORNING + timedelta(minutes=7))

    number, oldest_s = waiting(bench.conn)
    assert number == 1
    assert oldest_s == pytest.approx(420, abs=60)


def rests(bench: Bench) -> None:
    """So much time passes that what was refused is tried again."""
    bench.owner.execute(
        "UPDATE idexx_sync.messages SET refused_at = refused_at - %s", (2 * REFUSED_RESTS,)
    )


def test_a_refusal_does_not_end_a_doubt(bench: Bench) -> None:
    """The opening is there, its answer was lost, and Slack refuses everything for a while."""
    alert = add_alert(bench.owner, bench.clinic())
    bench.sinks.troubles.next(Trouble("loses_answer"))
    bench.tells()
    bench.sinks.slack.scopes.clear()
    bench.tells()
    bench.close(alert)
    rests(bench)
    bench.tells()
    bench.sinks.slack.scopes |= {"chat:write", "channels:history"}
    rests(bench)

    bench.tells()
    bench.tells()

    head, end = bench.sinks.slack.of_alert(alert)
    assert end.thread == head.ts


def test_what_could_not_be_looked_for_is_found_once_it_can(bench: Bench) -> None:
    alert = add_alert(bench.owner, bench.clinic())
    bench.sinks.slack.scopes.discard("channels:history")
    bench.sinks.troubles.next(Trouble("loses_answer"))
    bench.tells()
    bench.sinks.troubles.next(None, Trouble("loses_answer"))
    bench.tells()
    bench.tells()
    bench.sinks.slack.scopes.add("channels:history")
    rests(bench)

    assert bench.tells() == {"messages_sent": 1}
    assert len(bench.sinks.slack.of_alert(alert)) == 2


@pytest.mark.parametrize("happens", ["muted", "one of many"])
def test_what_is_not_to_be_told_any_more_when_slack_is_back_is_not_told(
    bench: Bench, happens: str
) -> None:
    alert = add_alert(bench.owner, bench.clinic())
    bench.sinks.troubles.next(Trouble("status"))
    bench.tells()
    if happens == "muted":
        bench.owner.execute(
            "UPDATE idexx_sync.alerts SET muted_until = %s, muted_by = 'Kim'",
            (MORNING + timedelta(hours=1),),
        )
    else:
        many = add_alert(bench.owner, None)
        bench.owner.execute(
            "UPDATE idexx_sync.alerts SET incident_id = %s WHERE id = %s", (many, alert)
        )

    bench.tells()

    assert bench.sinks.slack.of_alert(alert) == []


def test_the_end_of_what_stands_in_a_channel_that_is_gone_comes_to_the_new_one(
    bench: Bench,
) -> None:
    alert = add_alert(bench.owner, bench.clinic())
    bench.tells()
    bench.owner.execute("UPDATE idexx_sync.messages SET channel = 'C0ARCHIVED'")
    bench.close(alert)

    assert bench.tells() == {"messages_sent": 1}
    assert [one.channel for one in bench.sinks.slack.posted] == ["C0ENGINEERS"] * 2


@pytest.mark.parametrize("answer", ["html", "redirect"])
def test_an_answer_that_is_none_of_slacks_says_nothing(bench: Bench, answer: str) -> None:
    """Something between us and Slack answers; the token goes to nobody else."""
    alert = add_alert(bench.owner, bench.clinic())
    bench.sinks.troubles.next(Trouble(answer))  # type: ignore[arg-type]

    assert bench.tells() == {"messages_unanswered": 1}
    assert bench.sinks.elsewhere == []
    assert bench.tells() == {"messages_sent": 1}
    assert len(bench.sinks.slack.of_alert(alert)) == 1


def test_where_settings_make_no_sense_all_else_goes_on_and_what_waits_is_known(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_alert(bench.owner, bench.clinic())
    monkeypatch.setenv("DATABASE_URL", bench.url)
    monkeypatch.setenv("IDEXX_SYNC_SLACK_TOKEN", TOKEN)
    monkeypatch.setenv("IDEXX_SYNC_SLACK_CHANNELS", "no json")
    process_telling.forget()
    try:
        made = telling()
        assert made is not None
        done = watch(bench.conn, lambda: 60.0, None, made)
    finally:
        process_telling.forget()

    assert done.counts["messages_refused"] == waiting(bench.conn)[0] == 2  # the morning's as well


def test_what_changed_while_it_waited_is_in_its_opening_and_not_told_again(bench: Bench) -> None:
    alert = add_alert(bench.owner, bench.clinic())
    bench.left = 1
    bench.tells()
    bench.owner.execute(
        "UPDATE idexx_sync.alerts SET syncs = '{inbound,cases}' WHERE id = %s", (alert,)
    )
    bench.left = 40

    assert bench.tells() == {"messages_sent": 1}
    assert bench.tells() == {}
    assert "inbound, cases" in bench.shown[0]
