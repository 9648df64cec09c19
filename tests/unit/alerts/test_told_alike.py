"""Each kind of alert says the same in Slack, over the API and on the command line."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from idexx_sync.alerts.alert_store import Alert
from idexx_sync.alerts.slack import alert_posts
from idexx_sync.alerts.slack.alert_posts import MOST_HOLDS, WaitingHold
from idexx_sync.alerts.slack.post import LONGEST_SECTION, MOST_BLOCKS, escaped, name, section
from idexx_sync.alerts.texts import KINDS
from idexx_sync.cli.alert_view import alert_shown
from idexx_sync.core.errors import WhoActs, who_acts
from idexx_sync.operations.alert_models import AlertView
from local_stack.sinks.slack import is_escaped
from tests.kit.told import ACTS, in_slack, on_the_command_line

OPENED = datetime(2026, 5, 4, 14, tzinfo=UTC)


def alert(kind: str, **changed: object) -> Alert:
    acts: WhoActs = "odis" if kind in ("held", "stale") else who_acts(kind)
    values: dict[str, object] = {
        "id": UUID(int=1),
        "clinic_id": UUID(int=2),
        "clinic_name": "Example Animal Hospital",
        "timezone": "America/Los_Angeles",
        "kind": kind,
        "syncs": ["inbound"],
        "who_acts": acts,
        "code": None,
        "records": [],
        "job_id": UUID(int=3),
        "request_id": None,
        "times": 1,
        "clinics": None,
        "alike": None,
        "synced": None,
        "incident_id": None,
        "opened_at": OPENED,
        "last_at": OPENED,
        "closed_at": None,
        "closed_because": None,
        "acknowledged_at": None,
        "acknowledged_by": None,
        "muted_until": None,
        "muted_by": None,
        "read_at": OPENED,
    }
    return Alert(**{**values, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_what_who_and_how_are_the_same_everywhere(kind: str) -> None:
    one = alert(kind)
    view = AlertView.of(one)
    assert view.next is not None
    command = view.next.rpartition(": ")[2]

    told = in_slack(alert_posts.opened(one))
    typed = on_the_command_line(alert_shown(view))

    for text in (told, typed):
        assert command in text
    assert escaped(view.what) in told
    assert view.what in typed
    assert ACTS[one.who_acts] in told
    assert is_escaped(told)


@pytest.mark.parametrize("kind", KINDS)
def test_an_end_says_of_what_and_why(kind: str) -> None:
    ended = OPENED + timedelta(hours=1, minutes=20)
    one = alert(kind, closed_at=ended, closed_because="succeeded")

    text = in_slack(alert_posts.closed(one))

    assert "a run went well" in text
    assert "it lasted 1 h 20 min" in text
    assert AlertView.of(one).what.removesuffix(".") in alert_posts.closed(one).text


def test_one_that_stands_for_many_says_for_how_many() -> None:
    many = alert("shape_changed", clinic_id=None, clinic_name=None, clinics=214, alike=200)

    assert "*200 clinics*" in in_slack(alert_posts.opened(many))


def test_slacks_limits_are_kept_whatever_there_is() -> None:
    holds = [WaitingHold(UUID(int=n), "times_shifted", "inbound") for n in range(300)]
    long = alert("held", clinic_name="x" * 5000, records=["y" * 1000] * 20)

    post = alert_posts.opened(long, holds)

    assert len(post.blocks) <= MOST_BLOCKS
    assert "and 290 more holds" in in_slack(post)
    assert in_slack(post).count("holds approve") == MOST_HOLDS
    texts = [block["text"]["text"] for block in post.blocks if "text" in block]
    assert max(map(len, texts)) <= LONGEST_SECTION


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("<!channel>", "&lt;!channel&gt;"),
        ("A & B", "A &amp; B"),
        ("two\nlines", "two lines"),
        ("*bold* `code` ~struck~ _under_", "bold code struck under"),
        ("", "(no name)"),
        ("***", "(no name)"),
        ("\u200b\u2060", "(no name)"),
        ("Dr \u202egnp.exe", "Dr gnp.exe"),
        ("a\u2028b\x1b[1m", "a b[1m"),
    ],
)
def test_a_name_is_a_name_and_nothing_else(given: str, told: str) -> None:
    assert name(given) == told


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_row_says_formats_nothing_and_links_nothing(kind: str) -> None:
    hostile = "<!channel> *x* `y` ~z~ _w_ \u202e https://example.test no_data"
    one = alert(kind, code=hostile, clinic_name=f"@channel {hostile}")

    for post in (alert_posts.opened(one), alert_posts.changed(one, {"code": "x"}, {"code": "y"})):
        told = in_slack(post)
        assert "&lt;!channel&gt; x y z w https://example.test no data" in told
        assert "\u202e" not in told + post.text
        for block in post.blocks:
            for part in [block.get("text"), *block.get("elements", [])]:
                assert part is None or (part["type"], part["verbatim"]) == ("mrkdwn", True)


def test_what_is_too_long_is_never_cut_within_a_sign_of_slacks() -> None:
    for length in range(LONGEST_SECTION - 8, LONGEST_SECTION):
        text = section("x" * length + "&amp;" * 9)["text"]["text"]
        assert is_escaped(text)
        assert len(text) <= LONGEST_SECTION


def test_holds_are_told_each_with_what_it_is_about_and_both_ways_to_decide() -> None:
    visits = WaitingHold(
        UUID(int=7), "unproven_visit_losses", "inbound", 66, "2026-05-04", "2026-05-09"
    )
    blocks = WaitingHold(
        UUID(int=8), "unproven_block_losses", "inbound", 1, "2026-05-04", "2026-05-04"
    )
    one = alert("held", code="unproven_block_losses")

    post = alert_posts.opened(one, [visits, blocks])

    told = in_slack(post)
    both = "(more visits vanished than is plausible; more blocks vanished than is plausible)"
    assert both in post.text
    assert both in told
    assert "(66 records of 2026-05-04 to 2026-05-09, inbound)" in told
    assert "(1 record of 2026-05-04, inbound)" in told
    for hold in (visits, blocks):
        assert f"then `idexx-sync holds approve {hold.id}` or `idexx-sync holds reject" in told
    assert "unproven" not in told
