"""What is stored of a piece's days. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from idexx_sync.pims.protocol import SourceRecord
from idexx_sync.syncs.cases.stored import StoredVisit
from idexx_sync.syncs.holds import HoldInForce
from idexx_sync.syncs.inbound.model import Stored
from idexx_sync.syncs.memory import Record
from idexx_sync.syncs.reconciliation.causes import Overrides
from idexx_sync.syncs.reconciliation.model import Known


@dataclass(frozen=True, slots=True)
class Loaded:
    """A piece's days as they are stored, at one moment."""

    now: datetime
    rows: Stored
    visits: Mapping[str, StoredVisit]
    """Of every visit that is shown or has a case on these days."""
    sources: Sequence[SourceRecord]
    """Those that are shown, as the case sync reads them."""
    records: Mapping[str, Record]
    """What is remembered in the calendar of the visits that are not shown."""
    absent: Mapping[str, str]
    """Visit with a case to close -> stored start, of those that the answer does not name."""
    expected: Mapping[str, str]
    """Visit -> stored start, of those that the answer should name: not what is closed already, nor
    what is known to be gone or on other days."""
    settled: frozenset[str]
    """Visits that the calendar's sync has proven gone."""
    elsewhere: frozenset[str]
    """Visits that are not shown and have a row on other days: no read of these says of them that
    they are gone."""
    words: frozenset[tuple[str, str]]
    in_force: Sequence[HoldInForce]
    open: Sequence[Known]
    overrides: Overrides
    began: Mapping[str, datetime | None]
    first_day: date | None
    """The first day of which the calendar's sync has ever stored a row."""

    def remembered(self, visit: str) -> Record:
        """What the calendar's memory says of a visit that is not shown, with a row or without."""
        return self.records.get(visit) or self.rows.record(visit)
