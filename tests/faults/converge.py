"""Clean runs, ten simulated minutes apart, until nothing is pending; then everything is checked.

A strike of what Neo can't be asked about takes a day: then the next run comes a day later.
"""

from collections.abc import Callable
from uuid import UUID

from tests.faults import checks
from tests.faults.clinic import Delivery, FaultClinic
from tests.faults.observation import Observation, observe
from tests.faults.results import Outcome, Violation
from tests.support import query

MINUTES_APART = 10
A_DAY = 24 * 60
SHORT_WAITS = 3
"""Runs after which only a strike can be pending that takes a day."""
LEAST_RUNS = 2
MOST_RUNS = 12
NEEDS_A_PERSON = (
    "credentials_rejected",
    "password_change_required",
    "account_locked",
    "challenge_required",
    "page_unknown",
)


class Watch:
    """Watches one clinic: every run is looked at right after it, while Neo stands still."""

    def __init__(self, clinic: FaultClinic, outcome: Outcome) -> None:
        self.clinic = clinic
        self.outcome = outcome
        self.most_wrong_logins = 1

    def incident(
        self, deliver: Callable[[], list[Delivery]], job_ids: Callable[[], list[UUID]]
    ) -> list[Delivery]:
        """Runs, whatever happens to them; V3 and V4 hold over all of them together."""
        before = self.observe()
        deliveries = deliver()
        self.look(before, job_ids())
        self.outcome.notes.update(delivery.word for delivery in deliveries)
        return deliveries

    def one(self, after_first: Callable[[], None] = lambda: None) -> list[Delivery]:
        """One event, delivered as often as Lambda would."""
        order = self.clinic.order()
        return self.incident(
            lambda: self.clinic.deliver(order, after_first), lambda: [order.job_id]
        )

    def look(self, before: Observation, job_ids: list[UUID]) -> None:
        clinic = self.clinic
        after, state, question = self.observe(), clinic.neo.state(), clinic.question()
        self.add(checks.removed_but_alive(before, after, state, question))
        self.add(checks.audits_match(clinic.conn, job_ids, before, after))

    def converge(self) -> None:
        """Two clean runs, more while something is pending; permits are granted where held."""
        clinic = self.clinic
        for number in range(1, MOST_RUNS + 1):
            takes_a_day = number > SHORT_WAITS and self._strikes() > 0
            clinic.later(A_DAY if takes_a_day else MINUTES_APART)
            delivery = self.one()[-1]
            if not delivery.succeeded and number == MOST_RUNS:
                self.add([Violation("converges", f"a clean run ended as {delivery.word}")])
            if number == 1 and delivery.succeeded and not self._is_foreign(delivery):
                self.add(checks.rows_lacking(clinic.conn, clinic.question(), clinic.neo.state()))
            held = clinic.approve_open_holds()
            self._put_access_right(delivery)
            if number >= LEAST_RUNS and not held and self._is_settled(delivery):
                break
        else:
            self.add([Violation("converges", f"still not settled after {MOST_RUNS} clean runs")])
        self.outcome.notes["clean runs"] += number
        self.check()

    def check(self) -> None:
        """What must hold once all is settled."""
        clinic = self.clinic
        self.add(checks.unequal(clinic.differences()))
        self.add(checks.duplicates(clinic.conn, clinic.clinic_id))
        self.add(checks.stuck_jobs(clinic.conn, clinic.clinic_id, clinic.given_up))
        self.add(checks.too_many_wrong_logins(clinic.wrong_logins(), self.most_wrong_logins))

    def add(self, violations: list[Violation]) -> None:
        self.outcome.violations += violations

    def _put_access_right(self, delivery: Delivery) -> None:
        """What a person does when logging in needs one: set the credentials again."""
        if delivery.job is not None and delivery.job.error_kind in NEEDS_A_PERSON:
            self.clinic.set_credentials()
            self.outcome.notes["credentials set by a person"] += 1

    def observe(self) -> Observation:
        return observe(self.clinic.conn, self.clinic.clinic_id)

    def _is_settled(self, delivery: Delivery) -> bool:
        """No row was missing, nothing was held or left for later, nobody has a strike."""
        job = delivery.job
        if job is None or job.result is None or not delivery.succeeded:
            return False
        warnings = job.result["warnings"]
        left = {"read_incomplete", "look_ups_failed", "conflicts_left_for_next_run"} & set(warnings)
        return not job.result["counts"]["missing"] and not left and not self._strikes()

    def _strikes(self) -> int:
        question = self.clinic.question()
        return int(
            query(
                self.clinic.conn,
                """
                SELECT count(*) AS number
                  FROM idexx_sync.records r JOIN public.schedule_appointments a
                    ON a.clinic_id = r.clinic_id AND a.neo_appointment_id = r.external_id
                 WHERE r.clinic_id = %s AND r.strikes > 0 AND a.deleted_at IS NULL
                   AND a.date BETWEEN %s AND %s
                """,
                (question.clinic_id, question.first_day, question.last_day),
            )[0]["number"]
        )

    @staticmethod
    def _is_foreign(delivery: Delivery) -> bool:
        job = delivery.job
        return bool(job and job.result and "foreign_calendar" in job.result["held"])
