"""What the demo's runs did, as seen from both sides, and what differs in the end."""

from dataclasses import dataclass, field
from typing import Any

from demo.clinics import Member
from idexx_sync.operations.models import JobView


@dataclass(frozen=True)
class Done:
    """One run of one clinic, as seen from both sides."""

    stage: str
    member: Member
    job: JobView
    seconds: float
    requests: int
    """That Neo answered."""
    logins: int
    found: dict[str, str]
    """Key -> created, updated or removed, from the audit."""
    fields: dict[str, int]
    """Changed field -> rows, of updates."""

    @property
    def data(self) -> dict[str, Any]:
        more = {"requests": self.requests, "logins": self.logins}
        seconds = {"seconds": round(self.seconds, 2)}
        return {"stage": self.stage, **self.job.model_dump(mode="json"), **more, **seconds}


@dataclass
class Outcome:
    differences: list[str] = field(default_factory=list)
    jobs: list[Done] = field(default_factory=list)
