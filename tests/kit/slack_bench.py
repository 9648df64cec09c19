"""The watchdog's step that tells in Slack, over real sockets to a Slack of this machine."""

from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from pydantic import SecretStr

from idexx_sync.alerts.slack.client import Channels, SlackChannels
from idexx_sync.alerts.slack.message_store import REFUSED_RESTS
from idexx_sync.core.vocabulary import Reader
from idexx_sync.database.connection import Conn
from idexx_sync.upkeep.telling import Telling
from local_stack.sinks.server import Sinks
from local_stack.sinks.slack import TOKEN
from tests.kit.clinic import add_clinic
from tests.kit.database import query

NAMED: Final[dict[Reader, str]] = {"clinic_care": "C0CLINICS", "engineering": "C0ENGINEERS"}


@dataclass
class Bench:
    """A database, and the watchdog's step that tells in Slack."""

    owner: Conn
    conn: Conn
    sinks: Sinks
    url: str
    named: dict[Reader, str] = field(default_factory=lambda: dict(NAMED))
    paused: list[float] = field(default_factory=list)
    left: float = 40.0

    def clinic(self, name: str | None = None) -> UUID:
        clinic_id = add_clinic(self.owner)
        if name is not None:
            self.owner.execute(
                "UPDATE public.clinics SET name = %s WHERE id = %s", (name, clinic_id)
            )
        return clinic_id

    def tells(self, conn: Conn | None = None, channels: Channels | None = None) -> dict[str, int]:
        """One pass, over the watchdog's connection and to Slack, or over and to others."""
        telling = Telling(channels or self.channels(), self.named, pause=self.paused.append)
        counts, _ = telling.tell(conn or self.conn, lambda: self.left)
        return dict(counts)

    def channels(self) -> SlackChannels:
        return SlackChannels(SecretStr(TOKEN), self.sinks.slack_url)

    def close(self, alert_id: UUID) -> None:
        self.owner.execute(
            "UPDATE idexx_sync.alerts SET closed_at = idexx_sync.clock(), "
            "closed_because = 'succeeded' WHERE id = %s",
            (alert_id,),
        )

    def waits(self, seconds: float) -> None:
        """So much time passes on Slack's holding us back."""
        self.owner.execute(
            """
            UPDATE idexx_sync.places SET place = jsonb_set(
                place, '{until}', to_jsonb((place -> 'until')::numeric - %s)) WHERE name = 'slack'
            """,
            (seconds,),
        )

    def rests(self) -> None:
        """So much time passes that what was refused is tried again."""
        self.owner.execute(
            "UPDATE idexx_sync.messages SET refused_at = refused_at - %s", (2 * REFUSED_RESTS,)
        )

    def ages(self, seconds: float) -> None:
        """What left us without an answer did so much earlier."""
        self.owner.execute(
            """
            UPDATE idexx_sync.messages SET doubts = (
                SELECT coalesce(jsonb_agg(jsonb_set(
                           d, '{left_at}', to_jsonb((d -> 'left_at')::numeric - %s))), '[]')
                  FROM jsonb_array_elements(doubts) d)
            """,
            (seconds,),
        )

    def gone(self) -> None:
        """The channel of all that was told is no more."""
        self.owner.execute(
            "UPDATE idexx_sync.messages SET channel = 'C0GONE' WHERE sent_at IS NOT NULL"
        )

    @property
    def shown(self) -> list[str]:
        return [one.shown for one in self.sinks.slack.posted]

    def parts(self) -> list[tuple[str, int, bool]]:
        rows = query(self.owner, "SELECT * FROM idexx_sync.messages ORDER BY made_at, part DESC")
        return [(row["part"], row["tries"], row["sent_at"] is not None) for row in rows]
