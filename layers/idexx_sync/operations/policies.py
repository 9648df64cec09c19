"""What is done about the causes of differences at one clinic: shown, set and cleared."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from idexx_sync.clinics.store import timezone_of
from idexx_sync.core.clinic_time import local_day, zone_of
from idexx_sync.core.errors import InvalidInput
from idexx_sync.core.phrases import phrase
from idexx_sync.database.business_time import business_time
from idexx_sync.database.connection import Conn
from idexx_sync.operations.lookup import require_clinic
from idexx_sync.syncs.reconciliation.causes import (
    POLICIES,
    Cause,
    Override,
    Policy,
    Treatment,
    treatment_of,
)
from idexx_sync.syncs.reconciliation.policy_store import (
    OwnPolicy,
    delete_policy,
    own_policies,
    store_policy,
)


@dataclass(frozen=True, slots=True)
class PolicyOfClinic:
    """What is done about one cause at a clinic today."""

    cause: Cause
    usual: Policy
    """What is done about it everywhere."""
    own: OwnPolicy | None
    """What the clinic wants instead."""
    of_rows: Treatment
    """What is done about it of a row of the calendar."""
    of_cases: Treatment

    @property
    def is_over(self) -> bool:
        """Whether the day is past until which the clinic wanted it ignored."""
        return self.own is not None and self.own.treatment == "ignore" != self.of_cases


@dataclass(frozen=True, slots=True)
class PoliciesOfClinic:
    """What is done about each cause at a clinic."""

    zone: ZoneInfo
    policies: tuple[PolicyOfClinic, ...]


def policies_of_clinic(conn: Conn, clinic_id: UUID) -> PoliciesOfClinic:
    """Every cause in its order; NotFound if ODIS has no such clinic."""
    zone, today = _today(conn, clinic_id)
    own = {one.cause: one for one in own_policies(conn, clinic_id)}
    overrides = {cause: Override(one.treatment, one.until) for cause, one in own.items()}
    return PoliciesOfClinic(
        zone,
        tuple(
            PolicyOfClinic(
                cause,
                usual,
                own.get(cause),
                treatment_of(cause, "appointment", overrides, today),
                treatment_of(cause, "case", overrides, today),
            )
            for cause, usual in POLICIES.items()
        ),
    )


def set_policy(
    conn: Conn, clinic_id: UUID, cause: Cause, treatment: Treatment, until: date | None, by: str
) -> None:
    """Let the clinic have this done about the cause.

    InvalidInput for what can't be done about it, and for a day that is missing, past or of no use;
    NotFound if ODIS has no such clinic.
    """
    _, today = _today(conn, clinic_id)
    _require_possible(cause, treatment)
    _require_fitting(treatment, until, today)
    store_policy(conn, clinic_id, cause, treatment, until, by)


def clear_policy(conn: Conn, clinic_id: UUID, cause: Cause) -> bool:
    """Let the clinic have what is done everywhere; whether that changed anything. NotFound if ODIS
    has no such clinic."""
    require_clinic(conn, clinic_id)
    return delete_policy(conn, clinic_id, cause)


def _today(conn: Conn, clinic_id: UUID) -> tuple[ZoneInfo, date]:
    require_clinic(conn, clinic_id)
    zone = zone_of(timezone_of(conn, clinic_id))
    return zone, local_day(business_time(conn), zone)


def _require_possible(cause: Cause, treatment: Treatment) -> None:
    policy = POLICIES[cause]
    if treatment in ("fix", "hold") and not policy.fixes:
        able = ", ".join(one for one, other in POLICIES.items() if other.fixes)
        raise InvalidInput(
            "treatment",
            f"{phrase({}, cause)} can't be put right by a reconciliation, and so not held either: "
            f"{policy.because}; it can be reported or ignored. What can be put right: {able}",
        )


def _require_fitting(treatment: Treatment, until: date | None, today: date) -> None:
    if treatment != "ignore" and until is not None:
        raise InvalidInput("until", f"only what is ignored ends by itself, and not {treatment}")
    if treatment == "ignore" and until is None:
        raise InvalidInput("until", "nothing is ignored for ever: name the last day of it")
    if until is not None and until < today:
        raise InvalidInput("until", f"{until} is past; at the clinic it is {today}")
