"""Jobs and holds as the API and the command line show them. Times are UTC, days the clinic's."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from idexx_sync.core.bounds import MOST_ENTRIES, bounded, shortened
from idexx_sync.core.catalog import CATALOG, SyncName
from idexx_sync.core.errors import WhoActs, who_acts
from idexx_sync.core.vocabulary import (
    FINAL_STATUSES,
    JobStatus,
    Manner,
    Mode,
    Trigger,
    without_rows,
)
from idexx_sync.jobs.model import Job, window_of
from idexx_sync.syncs.change import would
from idexx_sync.syncs.consequence import Consequence, Effect, EffectAction
from idexx_sync.syncs.hold_event_store import HoldEvent, HoldEventName
from idexx_sync.syncs.hold_store import Hold
from idexx_sync.syncs.holds import HoldStatus

MOST_LISTED = 100
MOST_FINDINGS = 1000
"""Of a hold that is shown by itself."""
MOST_FINDINGS_LISTED = 20
"""Of each hold in a list."""
MOST_LISTED_BYTES = 512 * 1024
"""Of a page over the API: one that would be longer ends before its limit."""


Moment = Annotated[AwareDatetime, AfterValidator(lambda moment: moment.astimezone(UTC))]
Text = Annotated[str, AfterValidator(shortened)]
"""What people read; of a very long one the beginning."""


class ResponseModel(BaseModel):
    """A body that we answer with."""

    model_config = ConfigDict(frozen=True)


class JobError(ResponseModel):
    kind: str
    message: Text | None
    who_acts: WhoActs
    """Who must do something about it."""


def _none_if_unfit(value: Any, read: ValidatorFunctionWrapHandler) -> Any:
    try:
        return read(value)
    except ValidationError:
        return None


type _Part[T] = Annotated[T | None, WrapValidator(_none_if_unfit)]


class _Told(BaseModel):
    """What a job's result tells; a part that is something else than expected tells nothing."""

    summary: _Part[str] = None
    counts: _Part[dict[str, int]] = None
    warnings: _Part[dict[str, int]] = None
    held: _Part[dict[str, int]] = None
    fresh: _Part[bool] = None
    unfresh: _Part[str] = None
    for_review: _Part[tuple[str, ...]] = None
    in_doubt: _Part[dict[str, str]] = None
    unread: _Part[dict[str, str]] = None
    days_lost: _Part[tuple[date, date]] = None
    discrepancies: _Part[dict[str, dict[str, int]]] = None
    days_left: _Part[tuple[date, date]] = None
    unknown_fields: _Part[tuple[str, ...]] = None
    faults: _Part[tuple[dict[str, str], ...]] = None
    planned: _Part[int] = None
    plan: _Part[tuple[dict[str, Any], ...]] = None


class JobView(ResponseModel):
    """One run of a sync, from the order to the outcome."""

    id: UUID
    clinic_id: UUID
    timezone: str | None
    """The clinic's zone, in which its days are counted."""
    sync: SyncName
    trigger: Trigger
    status: JobStatus
    manner: Manner
    """What it may write: nothing, our own memory, or ODIS's rows too."""
    dry_run: bool
    """Whether it is a preview."""
    mode: Mode | None = Field(
        default=None,
        description="Of a reconciliation: whether it was to put right what is safe (`fix`) or only "
        "to tell what differs (`report`); null: it is another sync's.",
        examples=["fix"],
    )
    window: tuple[date, date] | None
    """First and last day; null as long as the run has not come to know them."""
    attempt: int
    scheduled_time: Moment | None
    retry_of: UUID | None
    catch_up_of: UUID | None = Field(
        default=None,
        description="Of a catch-up: the job of the newest tick that it makes up.",
        examples=["9c2e6f0a-1b7d-4a55-8f11-2f6f0c1f7a10"],
    )
    made_up_by: UUID | None = Field(
        default=None,
        description="Of a tick that did not run: the catch-up that does its work.",
        examples=["5b1c2a90-8a0e-4b8e-9a59-1f4b6c1d2e3f"],
    )
    request_id: str | None = Field(
        default=None,
        description="The request that ordered it, as its answer (`X-Request-Id`) and the log name "
        "it; null: a schedule or the command line did.",
        examples=["JKJaXmPLvHcESHA="],
    )
    queued_at: Moment
    started_at: Moment | None
    finished_at: Moment | None
    summary: str | None = Field(
        description="One phrase for people. Of a run that wrote none of ODIS's rows it begins with "
        "`dry run`, `shadow` or `only compared`, and says what it would do.",
        examples=["shadow: would create 42 (checked 42)"],
    )
    counts: Mapping[str, int] | None = Field(
        description="What was read and done, by number. Where `manner` is not `apply`: what would "
        "be done.",
        examples=[{"read": 42, "created": 42}],
    )
    warnings: Mapping[str, int] | None
    """Code -> how often."""
    held: Mapping[str, int] | None
    """Cause -> how many records are held back for a person."""
    fresh: bool | None
    """Whether it brought the clinic's rows up to date over all days that its sync is for."""
    unfresh: str | None
    """Why it did not, although it ended well."""
    message: Text | None
    """Why the job did not do what was asked, where it has no error."""
    error: JobError | None
    for_review: tuple[str, ...] | None
    """Ids of records that a person should look at."""
    in_doubt: Mapping[str, str] | None
    """Id of a record that takes time because it is in doubt -> why, in one word; at most 50. What
    begins with `? ` is our name for one that shows no id or no day."""
    unread: Mapping[str, str] | None
    """Id of a visit whose clinical record gave nothing when it was asked for last -> why, in one
    word: `read_failed`, `wrong_patient`, `vanished`, `refused`; at most 50."""
    days_lost: tuple[date, date] | None
    """First and last of the days that no run has read since the last success and that are too long
    ago for a run of its own; name them to read them."""
    discrepancies: Mapping[str, Mapping[str, int]] | None = Field(
        description="Of a reconciliation: cause of a difference -> what became of it -> how many; "
        "null: it compared nothing, or was another sync's. Where `manner` is not `apply` nothing "
        "is `fixed`: what would be is `reported`.",
        examples=[{"deleted_in_neo": {"fixed": 2}, "contact_differs": {"reported": 3}}],
    )
    days_left: tuple[date, date] | None = Field(
        description="Of a reconciliation: first and last of the days that it left for the next "
        "one, because another run waited or its time was over.",
        examples=[["2026-04-20", "2026-04-26"]],
    )
    unknown_fields: tuple[str, ...] | None
    """Names of Neo's fields that were seen for the first time."""
    faults: tuple[Mapping[str, str], ...] | None
    """Rows that could not be read or written, by table, column or constraint, and id."""
    planned: int | None
    """Of a run that applies nothing: how many changes it would have made."""
    plan: tuple[Mapping[str, Any], ...] | None
    """The first of them: ids, reasons and names of fields. Lists leave it out."""

    left_out: Mapping[str, int] | None = Field(
        default=None,
        description="Name of a list of this job -> how many of its entries are not shown; null: "
        "all are.",
        examples=[{"for_review": 12}],
    )

    @property
    def is_final(self) -> bool:
        return self.status in FINAL_STATUSES

    @classmethod
    def of(cls, job: Job, timezone: str | None) -> Self:
        result = job.result or {}
        told = _Told.model_validate(bounded(result))
        mode = _mode(job)
        if told.summary is not None and (word := without_rows(job.manner, mode)) is not None:
            summary = f"{word}: {would(told.summary)}"
            told = told.model_copy(update={"summary": summary})
        error = None
        if job.error_kind is not None:
            error = JobError(
                kind=job.error_kind, message=job.error_message, who_acts=who_acts(job.error_kind)
            )
        asked = [(job.params or {}).get(name) for name in ("from", "to")]
        return cls(
            id=job.id,
            clinic_id=job.clinic_id,
            timezone=timezone,
            sync=job.sync,
            trigger=job.trigger,
            status=job.status,
            manner=job.manner,
            dry_run=job.manner == "preview",
            mode=mode,
            window=window_of(result.get("window") or asked),
            attempt=job.attempt,
            scheduled_time=job.scheduled_time,
            retry_of=job.retry_of,
            catch_up_of=job.catch_up_of,
            made_up_by=job.made_up_by,
            request_id=job.request_id,
            queued_at=job.queued_at,
            started_at=job.started_at,
            finished_at=job.finished_at,
            message=None if error else job.error_message,
            error=error,
            left_out=_left_out(result) or None,
            **{name: getattr(told, name) for name in _Told.model_fields},
        )


def _mode(job: Job) -> Mode | None:
    if CATALOG[job.sync].params != "lookback":
        return None
    return "fix" if (job.params or {}).get("mode") == "fix" else "report"


def _left_out(result: Mapping[str, Any]) -> dict[str, int]:
    """What of a result's lists is cut off; of the plan `planned` says how many there are."""
    lists = {name: result.get(name) for name in _Told.model_fields if name != "plan"}
    sizes = {name: len(one) for name, one in lists.items() if isinstance(one, (list, dict))}
    return {name: size - MOST_ENTRIES for name, size in sizes.items() if size > MOST_ENTRIES}


def fitting[V: ResponseModel](views: Sequence[V], most_bytes: int | None) -> Sequence[V]:
    """As many from the beginning as such an answer may hold, and at least one."""
    left = most_bytes
    for number, view in enumerate(views):
        if left is None:
            break
        left -= len(view.model_dump_json().encode())
        if left < 0:
            return views[: max(1, number)]
    return views


def one_page[T, V: ResponseModel](
    found: Sequence[T],
    limit: int,
    most_bytes: int | None,
    view: Callable[[T], V],
    cursor: Callable[[T], str],
) -> tuple[tuple[V, ...], str | None]:
    """The views of a page, and where the next one begins; None: there is no more.

    `found` is one more than the limit where there is more. Fewer are shown where they are long.
    """
    views = tuple(fitting([view(one) for one in found[:limit]], most_bytes))
    return views, cursor(found[len(views) - 1]) if len(found) > len(views) else None


class JobList(ResponseModel):
    """Newest first."""

    jobs: tuple[JobView, ...]
    next_cursor: str | None
    """Null on the last page."""


class EffectView(ResponseModel):
    """What approving would do to one record."""

    action: EffectAction = Field(
        description="What would be done. `settle` changes no row: time that the record takes "
        "because it is in doubt is taken no longer.",
        examples=["remove"],
    )
    takes_before: str | None = Field(
        description="The time that it takes, on the clinic's clock; null: none.",
        examples=["2026-05-04 09:00:00 to 09:30:00, room 3"],
    )
    takes_after: str | None = Field(description="The same once it is let through.", examples=[None])
    frees: tuple[str, ...] = Field(
        default=(),
        description="What it takes beside that, because it is in doubt, and would take no longer.",
        examples=[["2026-05-04 14:00:00 to 14:30:00, room 5"]],
    )
    slots: tuple[str, ...] = Field(
        description="Slots of which it would take a place no longer, by day and time.",
        examples=[["2026-05-04 09:00"]],
    )


class ConsequenceView(ResponseModel):
    """All that approving a hold lets through."""

    sentence: str = Field(
        description="All of it in one sentence.",
        examples=["12 removed, 14 slots freed, 2026-05-04 to 2026-05-05"],
    )
    created: int = Field(description="Rows that would be made.", examples=[0])
    changed: int = Field(description="Rows that would be changed.", examples=[0])
    removed: int = Field(description="Rows that would be removed.", examples=[12])
    settled: int = Field(
        description="Records in doubt that would take no time any longer.", examples=[0]
    )
    slots_freed: int = Field(
        description="Slots of which a place would be taken no longer.", examples=[14]
    )
    first_day: date | None = Field(
        description="The clinic's first day that it is about.", examples=["2026-05-04"]
    )
    last_day: date | None = Field(description="The last one.", examples=["2026-05-05"])
    records: Mapping[str, EffectView] = Field(
        description="Record id -> what would be done to it. The first ones only: at most 1000, in "
        "lists 20; the numbers are of all.",
        examples=[
            {
                "600101": {
                    "action": "remove",
                    "takes_before": "2026-05-04 09:00:00 to 09:30:00, room 3",
                    "takes_after": None,
                    "frees": [],
                    "slots": ["2026-05-04 09:00"],
                }
            }
        ],
    )

    @classmethod
    def of(cls, consequence: Consequence, most: int) -> Self:
        first, last = consequence.days or (None, None)
        counts = consequence.counts
        shown = sorted(consequence.effects.items())[:most]
        return cls(
            sentence=consequence.sentence,
            created=counts["create"],
            changed=counts["update"],
            removed=counts["remove"],
            settled=counts["settle"],
            slots_freed=consequence.slots_freed,
            first_day=first,
            last_day=last,
            records={shortened(key): _effect_view(effect) for key, effect in shown},
        )


def _effect_view(effect: Effect) -> EffectView:
    before, after = bounded([effect.before, effect.after])
    frees, slots = bounded([list(effect.frees), list(effect.slots)])
    return EffectView(
        action=effect.action,
        takes_before=before,
        takes_after=after,
        frees=tuple(frees),
        slots=tuple(slots),
    )


class HoldEventView(ResponseModel):
    """A decision about a hold, or a run that let through what was approved."""

    event: HoldEventName = Field(
        description="What was done: by a person, or by a run that `let_through` what was approved.",
        examples=["approved"],
    )
    at: Moment = Field(description="When.", examples=["2026-05-04T14:10:00Z"])
    version: str | None = Field(
        description="Which version of the hold a person had seen.", examples=["3f2b8c1e5a"]
    )
    by: Text | None = Field(description="Who; null: a run.", examples=["Kim"])
    reason: Text | None = Field(
        description="Why, in that person's words.", examples=["the clinic confirmed by phone"]
    )
    job_id: UUID | None = Field(
        description="The run that let it through.",
        examples=["9c2e6f0a-1b7d-4a55-8f11-2f6f0c1f7a10"],
    )

    @classmethod
    def of(cls, event: HoldEvent) -> Self:
        return cls(
            event=event.event,
            at=event.at,
            version=event.version,
            by=event.by_whom,
            reason=event.reason,
            job_id=event.job_id,
        )


class HoldView(ResponseModel):
    """What waits for a person's decision, and what was decided."""

    id: UUID
    clinic_id: UUID
    timezone: str | None
    sync: SyncName
    cause: str
    status: HoldStatus
    version: str = Field(
        description="A short name of what the hold says: cause, findings and consequence. A "
        "decision has to give the one that was seen.",
        examples=["3f2b8c1e5a"],
    )
    consequence: ConsequenceView = Field(description="All that approving it lets through.")
    findings: Mapping[str, Mapping[str, Any]]
    """Record id -> what was found: times, field names and statuses, never a personal value. What
    begins with `? ` is our name for one that shows no id or no day. The first ones only: at most
    1000, in lists 20."""
    found: int
    """How many there are in all."""
    job_id: UUID
    """The run that found it last."""
    opened_at: Moment
    updated_at: Moment
    decided_at: Moment | None
    decided_by: str | None
    reason: Text | None = Field(
        description="Why it was decided so, in the words of whoever did.",
        examples=["the clinic confirmed by phone"],
    )
    permit_until: Moment | None
    """Until when runs may let through what was approved."""
    ended_at: Moment | None
    history: tuple[HoldEventView, ...] | None = Field(
        description="What was decided and let through, the newest 50, oldest first. Lists leave it "
        "out.",
    )

    @classmethod
    def of(
        cls,
        hold: Hold,
        timezone: str | None,
        most_findings: int = MOST_FINDINGS,
        history: Sequence[HoldEvent] | None = None,
    ) -> Self:
        shown = sorted(hold.findings.items())[:most_findings]
        return cls(
            id=hold.id,
            clinic_id=hold.clinic_id,
            timezone=timezone,
            sync=hold.sync,
            cause=hold.cause,
            status=hold.status,
            version=hold.version,
            consequence=ConsequenceView.of(hold.consequence, most_findings),
            findings=bounded(dict(shown), most=most_findings),
            found=len(hold.findings),
            job_id=hold.job_id,
            opened_at=hold.opened_at,
            updated_at=hold.updated_at,
            decided_at=hold.decided_at,
            decided_by=hold.decided_by,
            reason=hold.reason,
            permit_until=hold.permit_until,
            ended_at=hold.ended_at,
            history=None if history is None else tuple(map(HoldEventView.of, history)),
        )


class HoldList(ResponseModel):
    """Newest first."""

    holds: tuple[HoldView, ...]
    next_cursor: str | None
