"""The syncs: one row each, and the only list of them. Plain data, read by everything.

A sync's implementation is bound where it is run: in its function's handler and in the command line.
Importing this loads nothing else of the service, because the authorizer does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal, get_args

SyncName = Literal["inbound", "cases", "reconciliation"]
SyncScope = Literal["sync:inbound", "sync:cases", "sync:reconciliation"]
SyncFolder = Literal["inbound_sync", "case_sync", "reconciliation"]
StartOperation = Literal["start_inbound", "start_cases", "start_reconciliation"]
ParamsKind = Literal["window", "lookback"]
"""What may be asked of a sync: first and last day, or how many days to look back."""
PimsRead = Literal["schedule", "appointments", "consultations", "configuration"]
"""A method of the PIMS protocol."""
LoggedKind = Literal["appointment", "case"]
"""What our log of changes tells of."""


@dataclass(frozen=True, slots=True)
class DefaultWindow:
    """The days that a sync reads when nobody names others, counted from the clinic's today."""

    days_back: int
    days_ahead: int | None
    """None: to the clinic's own horizon."""
    reaches_back: bool = False
    """After an outage it begins where the first run that did not come would have begun."""

    def around(self, today: date, horizon_days: int) -> tuple[date, date]:
        """First and last day; today is the first of the `horizon_days`."""
        return today - timedelta(days=self.days_back), self.last(today, horizon_days)

    def last(self, today: date, horizon_days: int) -> date:
        return today + timedelta(days=self.ahead(horizon_days))

    def ahead(self, horizon_days: int) -> int:
        """How many days after today the last one is."""
        return horizon_days - 1 if self.days_ahead is None else self.days_ahead

    def reaching_back(
        self, today: date, horizon_days: int, succeeded_on: date | None, most_days: int
    ) -> tuple[date, date]:
        """The same after a last success on that day: what no run has read since is read now.

        It is `most_days` long at most; None: there was no success yet.
        """
        first, last = self.around(today, horizon_days)
        if not self.reaches_back or succeeded_on is None:
            return first, last
        missed = succeeded_on - timedelta(days=self.days_back)
        earliest = last - timedelta(days=most_days - 1)
        return min(first, max(missed, earliest)), last

    @property
    def phrase(self) -> str:
        """The days in words, as they follow `reads`."""
        first = f"from {self.days_back} days ago" if self.days_back else "from today"
        if self.days_ahead is None:
            return f"{first} to the clinic's own horizon"
        days = f"{first} to {f'{self.days_ahead} days ahead' if self.days_ahead else 'today'}"
        return f"{days}; further back after an outage" if self.reaches_back else days


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogEntry:
    """All that differs between syncs and is not their work itself."""

    name: SyncName
    scope: SyncScope
    """What a key must be allowed to start it."""
    operators_only: bool = False
    """Whether no clinic's own key may start it."""
    operation: StartOperation
    """The API's operation that starts it."""
    folder: SyncFolder
    """Where its handlers are, in `functions/`."""
    for_every_clinic: bool = False
    """Whether a clinic's status tells of it even if it was never scheduled or ordered."""
    default_window: DefaultWindow
    params: ParamsKind = "window"
    """The model of what may be asked of it (`jobs/params.py`)."""
    logs: LoggedKind
    """What its rows in our log of changes are about."""
    reads: frozenset[PimsRead]
    """All that its worker may ask of the PIMS."""
    begins_within: timedelta
    """How long the event of what people order may wait; and how long after a scheduled time its
    run is not missed yet, in a clinic's freshness."""
    retries: int = 2
    """How often a run that failed is repeated by itself."""
    default_cron: str
    """What a clinic of ODIS has that nobody has scheduled (migration 002)."""
    default_spread: str
    """What stands for it, so that not all these clinics are due at once; with H."""
    also_scheduled_as: tuple[str, ...] = ()
    """Other words for it in `clinic_schedule_configs.sync_schedules`."""
    title: str
    """What it does, for people; one sentence without its full stop."""
    noun: str
    """One run of it, for people."""

    @property
    def attempts(self) -> int:
        """How often a job is begun at most; the last attempt ends it, however it goes."""
        return 1 + self.retries


_ROWS: Final = (
    CatalogEntry(
        name="inbound",
        scope="sync:inbound",
        operation="start_inbound",
        folder="inbound_sync",
        for_every_clinic=True,
        default_window=DefaultWindow(days_back=0, days_ahead=None),
        logs="appointment",
        reads=frozenset({"schedule", "appointments", "configuration"}),
        begins_within=timedelta(minutes=15),
        default_cron="*/15 * * * *",
        default_spread="H/15 * * * *",
        title="Make appointments and slots equal to a clinic's calendar",
        noun="sync",
    ),
    CatalogEntry(
        name="cases",
        scope="sync:cases",
        operation="start_cases",
        folder="case_sync",
        # A case made earlier is too old for its follow-up once the visit is over: ODIS's daily
        # job takes those made at most three days ago (ODIS schema, what triggers calls).
        default_window=DefaultWindow(days_back=7, days_ahead=2, reaches_back=True),
        logs="case",
        reads=frozenset({"schedule", "appointments", "consultations"}),
        begins_within=timedelta(hours=1),
        default_cron="0 */2 * * *",
        default_spread="H H/2 * * *",
        also_scheduled_as=("enrich",),  # by ODIS's admin screen
        title="Make cases equal to the clinic's visits and their records",
        noun="case sync",
    ),
    CatalogEntry(
        name="reconciliation",
        scope="sync:reconciliation",
        operators_only=True,
        operation="start_reconciliation",
        folder="reconciliation",
        default_window=DefaultWindow(days_back=7, days_ahead=0),
        params="lookback",
        logs="case",
        reads=frozenset({"schedule", "appointments", "consultations"}),
        begins_within=timedelta(hours=6),
        default_cron="0 2 * * *",
        default_spread="H H(2-4) * * *",
        title="Compare what is stored with the source, some days back",
        noun="reconciliation",
    ),
)

CATALOG: Final[Mapping[SyncName, CatalogEntry]] = {row.name: row for row in _ROWS}
SYNCS: Final[tuple[SyncName, ...]] = get_args(SyncName)
