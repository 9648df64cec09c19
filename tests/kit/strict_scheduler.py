"""EventBridge Scheduler as strict as AWS: what moto and the simulated AWS let pass is refused.

It takes the place of boto3's client. It keeps schedules itself, or hands what it accepts to a
client over moto.
"""

from bisect import bisect, bisect_left
from collections import Counter
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import islice, takewhile
from threading import RLock
from typing import Any, Final, Literal

from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from tests.kit.scheduler_rules import error, judge

Fault = Literal[
    "throttled",
    "refused",
    "invalid",
    "broken",
    "silent",
    "killed",
    "done and silent",
    "done and killed",
]
"""What becomes of a call instead of its answer: not done and told so, or nobody knows."""
ENDPOINT: Final = "https://scheduler.us-west-2.amazonaws.com"
ARN: Final = "arn:aws:scheduler:us-west-2:123456789012:schedule"
PAGE: Final = 100


class Killed(BaseException):
    """The process ends here; nothing of it goes on."""


@dataclass
class StrictScheduler:
    """A client of the service; calls are counted and may fail by their number."""

    groups: tuple[str, ...] = ("clinics",)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    per_second: int | None = None
    """More calls of one kind in a second are refused."""
    lag: timedelta = timedelta()
    """By which a list is older than what was written."""
    behind: Any = None
    """A client that keeps the schedules; None: they are kept here."""
    faults: dict[int, Fault] = field(default_factory=dict)
    """Number of the call, from 1 on and of every kind -> what becomes of it."""
    refuses: Callable[[str, str], Fault | None] = lambda _operation, _name: None
    """The same by operation and name of the schedule."""
    calls: list[tuple[str, str]] = field(default_factory=list)
    """Operation and name of the schedule, as they were asked for."""

    def __post_init__(self) -> None:
        self._lock = RLock()
        self._kept: dict[tuple[str, str], dict[str, Any]] = {}
        self._history: list[tuple[datetime, tuple[str, str], datetime | None]] = []
        self._dates: dict[str, dict[str, datetime]] = {}
        self._names: tuple[dict[str, datetime], list[str]] = ({}, [])
        self._rates: Counter[tuple[str, int]] = Counter()

    # what a test asks and does

    @property
    def counts(self) -> Counter[str]:
        return Counter(operation for operation, _ in self.calls)

    def schedules(self, group: str = "clinics") -> dict[str, dict[str, Any]]:
        """Name -> all that the schedule was told last."""
        return {
            name: {key: value for key, value in one.items() if key != "at"}
            for (of, name), one in self._kept.items()
            if of == group
        }

    def modified_at(self, name: str, group: str = "clinics") -> datetime:
        return self._dates[group][name]

    def write_by_hand(self, name: str, group: str = "clinics", **request: Any) -> None:
        """Somebody makes or changes a schedule in the console."""
        found = self._kept.get((group, name), {})
        self._keep({**found, **request, "GroupName": group, "Name": name})

    def delete_by_hand(self, name: str, group: str = "clinics") -> None:
        self._drop((group, name))

    # what boto3's client has

    def create_schedule(self, **asked: Any) -> dict[str, Any]:
        return self._answer("CreateSchedule", asked, self._create)

    def update_schedule(self, **asked: Any) -> dict[str, Any]:
        return self._answer("UpdateSchedule", asked, self._update)

    def delete_schedule(self, **asked: Any) -> dict[str, Any]:
        return self._answer("DeleteSchedule", asked, self._delete)

    def list_schedules(self, **asked: Any) -> dict[str, Any]:
        return self._answer("ListSchedules", asked, self._list)

    def _answer(
        self, operation: str, asked: dict[str, Any], do: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> dict[str, Any]:
        with self._lock:
            self.calls.append((operation, asked.get("Name", "")))
            fault = self.faults.get(len(self.calls)) or self.refuses(*self.calls[-1])
            if fault is None or fault.startswith("done"):
                self._throttle(operation)
                judge(operation, asked)
                answer = do(deepcopy(asked))
            if fault is not None:
                raise _raised(fault, operation)
            date = format_datetime(self.now(), usegmt=True)
            return {
                "ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": {"date": date}},
                **answer,
            }

    def _throttle(self, operation: str) -> None:
        second = (operation, int(self.now().timestamp()))
        self._rates[second] += 1
        if self.per_second is not None and self._rates[second] > self.per_second:
            raise error("ThrottlingException", 400, operation)

    def _create(self, asked: dict[str, Any]) -> dict[str, Any]:
        group, name = self._place(asked, "CreateSchedule")
        if (group, name) in self._kept:
            raise error("ConflictException", 400, "CreateSchedule")
        return self._keep(asked)

    def _update(self, asked: dict[str, Any]) -> dict[str, Any]:
        if self._place(asked, "UpdateSchedule") not in self._kept:
            raise error("ResourceNotFoundException", 404, "UpdateSchedule")
        return self._keep(asked)

    def _delete(self, asked: dict[str, Any]) -> dict[str, Any]:
        if (place := self._place(asked, "DeleteSchedule")) not in self._kept:
            raise error("ResourceNotFoundException", 404, "DeleteSchedule")
        self._drop(place)
        return {}

    def _place(self, asked: Mapping[str, Any], operation: str) -> tuple[str, str]:
        group = asked.get("GroupName", "default")
        if group not in self.groups:
            raise error("ResourceNotFoundException", 404, operation)
        return group, asked.get("Name", "")

    def _keep(self, asked: dict[str, Any]) -> dict[str, Any]:
        group, name = asked["GroupName"], asked["Name"]
        now = self.now()
        at = now.replace(microsecond=now.microsecond // 1000 * 1000)
        if self.behind is not None:
            known = (group, name) in self._kept
            do = self.behind.update_schedule if known else self.behind.create_schedule
            do(**{key: value for key, value in asked.items() if key != "at"})
        self._kept[group, name] = {**asked, "at": at}
        self._dates.setdefault(group, {})[name] = at
        self._names = ({}, [])
        if self.lag:
            self._history.append((now, (group, name), at))
        return {"ScheduleArn": f"{ARN}/{group}/{name}"}

    def _drop(self, place: tuple[str, str]) -> None:
        if self.behind is not None:
            self.behind.delete_schedule(GroupName=place[0], Name=place[1])
        del self._kept[place], self._dates[place[0]][place[1]]
        self._names = ({}, [])
        if self.lag:
            self._history.append((self.now(), place, None))

    def _list(self, asked: dict[str, Any]) -> dict[str, Any]:
        group, _ = self._place(asked, "ListSchedules")
        if self.behind is not None:
            return dict(self.behind.list_schedules(**asked))
        after, prefix = asked.get("NextToken", ""), asked.get("NamePrefix", "")
        most = min(asked.get("MaxResults", PAGE), PAGE)
        shown = self._shown(group)
        sorted_names = self._sorted(shown)
        first = bisect_left(sorted_names, prefix) if prefix > after else bisect(sorted_names, after)
        beyond = islice(sorted_names, first, None)
        names = list(islice(takewhile(lambda name: name.startswith(prefix), beyond), most + 1))
        page = [self._summary(group, name, shown[name]) for name in names[:most]]
        return {"Schedules": page, **({"NextToken": names[most - 1]} if names[most:] else {})}

    def _sorted(self, shown: dict[str, datetime]) -> list[str]:
        """Sorted once for all pages of a list."""
        if self._names[0] is not shown:
            self._names = (shown, sorted(shown))
        return self._names[1]

    def _shown(self, group: str) -> dict[str, datetime]:
        """Name -> when it was changed, as a list shows it by now."""
        if not self.lag:
            return self._dates.setdefault(group, {})
        shown: dict[str, datetime] = {}
        for moment, (of, name), at in self._history:
            if of == group and moment <= self.now() - self.lag:
                shown.pop(name, None)
                if at is not None:
                    shown[name] = at
        return shown

    def _summary(self, group: str, name: str, at: datetime) -> dict[str, Any]:
        """What a list has of a schedule: no expression and no input."""
        return {
            "Arn": f"{ARN}/{group}/{name}",
            "Name": name,
            "GroupName": group,
            "State": self._kept.get((group, name), {}).get("State", "ENABLED"),
            "CreationDate": at,
            "LastModificationDate": at,
            "Target": {"Arn": "arn:aws:sqs:us-west-2:123456789012:ticks"},
        }


_CODES: Final[dict[str, tuple[str, int]]] = {
    "throttled": ("ThrottlingException", 400),
    "refused": ("AccessDeniedException", 403),
    "invalid": ("ValidationException", 400),
    "broken": ("InternalServerException", 500),
}


def _raised(fault: Fault, operation: str) -> BaseException:
    if fault in ("killed", "done and killed"):
        return Killed()
    if fault in ("silent", "done and silent"):
        kind = ReadTimeoutError if fault == "done and silent" else ConnectTimeoutError
        silence: Exception = kind(endpoint_url=ENDPOINT)
        return silence
    answer: Exception = error(*_CODES[fault], operation)
    return answer
