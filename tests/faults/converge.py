"""Clean runs, ten simulated minutes apart, until nothing is pending; then everything is checked.

A strike of what Neo can't be asked about takes a day: then the next run comes a day later. So does
a case run, because what is final, and what was another patient's, is read again once a day.
"""

from collections.abc import Callable
from uuid import UUID

from idexx_sync.core.catalog import SyncName
from oracle.cases import case_differences
from tests.faults import alert_checks, ask_oracle, case_checks, checks, past_checks
from tests.faults.asking import look_at_new_answers
from tests.faults.calls import Calls
from tests.faults.clinic import Delivery, FaultClinic
from tests.faults.observation import Cases, Observation, observe, observe_cases
from tests.faults.offers import Offers
from tests.faults.results import Outcome, Violation
from tests.kit.database import query

MINUTES_APART = 10
HOURS_APART = 2 * 60
"""After so long a visit that was shown without a record has none."""
A_DAY = 24 * 60
EVENTS_GONE = 60
"""Minutes after which no delivery of any event comes any more."""
SHORT_WAITS = 3
"""Runs after which only a strike can be pending that takes a day."""
LEAST_RUNS = 2
MOST_RUNS = 12
MOST_RECONCILIATIONS = 5
"""In a row: to find, to strike again, to be allowed, to put right, to find nothing."""
MOST_ROUNDS = 4
"""In which all syncs settle one after the other."""
LEFT_FOR_LATER = {
    "came_later",
    "read_incomplete",
    "look_ups_failed",
    "conflicts_left_for_next_run",
    "consultations_failed",
    "consultations_once",
    "consultations_left",
    "records_partly_unread",
}
"""Warnings of a run that has not done everything."""
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
        self.offers = Offers(clinic)
        self.calls = Calls(clinic)
        self.marked: dict[UUID, str] = {}
        """Case -> the patient that it was about when its mark was seen first."""

    def incident(
        self, deliver: Callable[[], list[Delivery]], job_ids: Callable[[], list[UUID]]
    ) -> list[Delivery]:
        """Runs, whatever happens to them; V3 and V4 hold over all of them together."""
        before, cases = self.observe(), self.observe_cases()
        deliveries = self.run(deliver, job_ids)
        self.look(before, job_ids(), cases)
        self.outcome.notes.update(delivery.word for delivery in deliveries)
        return deliveries

    def run(
        self, deliver: Callable[[], list[Delivery]], job_ids: Callable[[], list[UUID]]
    ) -> list[Delivery]:
        """Runs of which only V11 and V12 are looked at: what they offer, and whom ODIS calls."""
        self.before_run()
        deliveries = deliver()
        self.after_run(job_ids())
        return deliveries

    def before_run(self) -> None:
        self.offers.before_run()
        self.calls.before_run()

    def after_run(self, job_ids: list[UUID]) -> None:
        """V11 and V12, whatever has become of the jobs."""
        self.add(self.offers.after_run(job_ids))
        self.add(self.calls.after_run(job_ids))
        self.outcome.notes["calls judged"] = self.calls.judged

    def one(
        self, after_first: Callable[[], None] = lambda: None, sync: SyncName | None = None
    ) -> list[Delivery]:
        """One event, delivered as often as Lambda would."""
        order = self.clinic.order(sync)
        return self.incident(
            lambda: self.clinic.deliver(order, after_first), lambda: [order.job_id]
        )

    def look(self, before: Observation, job_ids: list[UUID], cases: Cases | None = None) -> None:
        """What must hold at any moment; `cases` are those before, where case runs come."""
        clinic = self.clinic
        after, state, question = self.observe(), clinic.neo.state(), clinic.question()
        self.add(checks.removed_but_alive(before, after, state, question))
        self.add(checks.audits_match(clinic.conn, job_ids, before, after))
        if cases is not None and "cases" in clinic.syncs:
            self._look_at_cases(cases, job_ids)

    def _look_at_cases(self, before: Cases, job_ids: list[UUID]) -> None:
        clinic, conn = self.clinic, self.clinic.conn
        state, zone = clinic.shown(), ask_oracle.zone(conn, clinic.clinic_id)
        question = clinic.case_question(state)
        after = self.observe_cases()
        self.add(case_checks.case_audits_match(conn, job_ids, before, after))
        self.add(case_checks.completed_unread(conn, question, zone, before))
        self.add(case_checks.completed_too_soon(conn, question, state, before))
        self.add(case_checks.completed_unmarked(conn, question, state, before))
        self.add(case_checks.partly_marked(conn, clinic.clinic_id, clinic.now, self.marked))
        self.add(case_checks.callable_for_two(conn, clinic.clinic_id))
        self.add(clinic.people.undone(state))

    def converge(self) -> None:
        """Clean runs of each sync until it is settled; then it is checked."""
        self.watch_over()
        if self.clinic.syncs[0] == "reconciliation":
            self._converge_tonight()
        else:
            self._converge_days()
            if "reconciliation" in self.clinic.syncs:
                self._converge_reconciliation()
                self.check_reconciled()
        self.check()

    def _converge_tonight(self) -> None:
        """Clean reconciliations before the day is over, because the next one compares the oldest
        day no more; then a run of each other sync."""
        if not self._reconciled():
            text = f"not reconciled after {MOST_RECONCILIATIONS} clean runs"
            self.add([Violation("converges", text)])
        self._run_others()
        self.check_reconciled()

    def _converge_days(self) -> None:
        """Of the syncs that look ahead."""
        if "inbound" in self.clinic.syncs:
            self._converge_calendar()
            self.check_calendar()
        if "cases" in self.clinic.syncs:
            self._converge_cases()
            self.check_cases()

    def _converge_calendar(self) -> None:
        """Two clean runs, more while something is pending; permits are granted where held."""
        clinic = self.clinic
        for number in range(1, MOST_RUNS + 1):
            takes_a_day = number > SHORT_WAITS and self._strikes() > 0
            clinic.later(A_DAY if takes_a_day else MINUTES_APART)
            delivery = self.one(sync="inbound")[-1]
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

    def _converge_cases(self) -> None:
        """A clean run, one a day later that reads again what is read daily, and more if need be."""
        clinic = self.clinic
        rested = False
        for number in range(1, MOST_RUNS + 1):
            a_day = number > 1 and (not rested or self._emptied_lately())
            soon = HOURS_APART if self._bare_lately() else MINUTES_APART
            clinic.later(A_DAY if a_day else soon)
            delivery = self.one(sync="cases")[-1]
            rested = rested or (a_day and delivery.succeeded)
            if not delivery.succeeded and number == MOST_RUNS:
                self.add([Violation("converges", f"a clean case run ended as {delivery.word}")])
            if number == 1 and delivery.succeeded and not self._is_foreign(delivery):
                state = clinic.shown()
                question = clinic.case_question(state)
                self.add(case_checks.cases_lacking(clinic.conn, question, state))
            held = clinic.approve_open_holds()
            self._put_access_right(delivery)
            pending = held or self._emptied_lately() or self._shown_older() or self._bare_lately()
            if rested and not pending and self._has_done_everything(delivery):
                break
        else:
            self.add([Violation("converges", f"cases not settled after {MOST_RUNS} clean runs")])
        self.outcome.notes["clean case runs"] += number

    def _converge_reconciliation(self) -> None:
        """Clean runs until one finds nothing to put right; the other syncs go on, and while they
        settle the time passes that strikes need."""
        for _ in range(MOST_ROUNDS):
            if self._reconciled():
                break
            self._converge_days()
        else:
            self.add([Violation("converges", f"not reconciled after {MOST_ROUNDS} rounds")])
        self._run_others()

    def _run_others(self) -> None:
        for sync in self.clinic.syncs:
            if sync != "reconciliation":
                self.one(sync=sync)

    def _reconciled(self) -> bool:
        """Whether a clean run has found nothing to be done."""
        clinic = self.clinic
        for number in range(1, MOST_RECONCILIATIONS + 1):
            clinic.later(MINUTES_APART)
            delivery = self.one(sync="reconciliation")[-1]
            self.outcome.notes["clean reconciliations"] += 1
            if not delivery.succeeded and number == MOST_RECONCILIATIONS:
                self.add([Violation("converges", f"a reconciliation ended as {delivery.word}")])
            held = clinic.approve_open_holds()
            self._put_access_right(delivery)
            is_pending = held or past_checks.strikes(clinic.conn, clinic.clinic_id, clinic.now)
            if not is_pending and self._has_done_everything(delivery):
                assert delivery.job is not None
                assert delivery.job.result is not None
                counts = delivery.job.result["counts"]
                if not any(counts[name] for name in ("created", "updated", "removed")):
                    return True
        return False

    def check_reconciled(self) -> None:
        """What must hold once the days before today are reconciled as well."""
        clinic = self.clinic
        self.check_calendar()
        self.add(past_checks.not_put_right(clinic.conn, clinic.clinic_id, clinic.now))
        self.check_past(cases="cases" in clinic.syncs)

    def check_past(self, *, cases: bool) -> None:
        """What must hold right after a reconciliation, beside what runs look at that look ahead."""
        self.add(checks.unequal(self.clinic.past_differences()))
        if cases:
            self.check_cases(reconciled=True)

    def check_calendar(self) -> None:
        """What must hold once the calendar is settled."""
        clinic = self.clinic
        self.add(checks.unequal(clinic.differences()))
        self.add(checks.duplicates(clinic.conn, clinic.clinic_id))

    def check_cases(self, *, reconciled: bool = False) -> None:
        """What must hold once the cases are settled."""
        clinic = self.clinic
        state = clinic.shown()
        question = clinic.case_question(state, reconciled=reconciled)
        self.add(checks.unequal(case_differences(clinic.conn, question, state)))
        self.add(checks.duplicates(clinic.conn, clinic.clinic_id))
        self.add(case_checks.duplicate_cases(clinic.conn, clinic.clinic_id))

    def check(self) -> None:
        """What must hold whenever nothing runs."""
        clinic = self.clinic
        self.add(clinic.caller.refused)
        look_at_new_answers(clinic, self.outcome.group)
        self.add(clinic.rig.traces.in_rows(clinic.conn, clinic.clinic_id))
        self.add(checks.stuck_jobs(clinic.conn, clinic.clinic_id))
        self.add(alert_checks.alerts_match(clinic.conn, clinic.clinic_id))
        if not clinic.tell_all():
            self.add([Violation("V7", "messages wait still, however often they are sent")])
        self.add(alert_checks.told_once(clinic.conn, clinic.clinic_id, clinic.rig.slack))
        self.add(checks.too_many_wrong_logins(clinic.wrong_logins(), self.most_wrong_logins))

    def watch_over(self) -> None:
        """What the service does every minute beside its runs, once no event is on its way."""
        self.clinic.later(EVENTS_GONE)
        self.outcome.notes["jobs nobody came for"] += self.clinic.watch_over().get("jobs_ended", 0)

    def add(self, violations: list[Violation]) -> None:
        self.outcome.violations += violations

    def _put_access_right(self, delivery: Delivery) -> None:
        """What a person does when logging in needs one: set the credentials again."""
        if delivery.job is not None and delivery.job.error_kind in NEEDS_A_PERSON:
            self.clinic.set_credentials()
            self.outcome.notes["credentials set by a person"] += 1

    def observe(self) -> Observation:
        return observe(self.clinic.conn, self.clinic.clinic_id)

    def observe_cases(self) -> Cases:
        return observe_cases(self.clinic.conn, self.clinic.clinic_id)

    def _is_settled(self, delivery: Delivery) -> bool:
        """No row was missing, nothing was held or left for later, nobody has a strike."""
        if not self._has_done_everything(delivery):
            return False
        assert delivery.job is not None
        assert delivery.job.result is not None
        return not delivery.job.result["counts"]["missing"] and not self._strikes()

    @staticmethod
    def _has_done_everything(delivery: Delivery) -> bool:
        job = delivery.job
        if job is None or job.result is None or not delivery.succeeded:
            return False
        left = {*job.result["warnings"], job.result["unfresh"]}
        return not LEFT_FOR_LATER & left

    def _strikes(self) -> int:
        question = self.clinic.question()
        return int(
            query(
                self.clinic.conn,
                """
                SELECT count(*) AS number
                  FROM idexx_sync.records r LEFT JOIN public.schedule_appointments a
                    ON a.clinic_id = r.clinic_id AND a.neo_appointment_id = r.external_id
                   AND a.deleted_at IS NULL
                 WHERE r.clinic_id = %s AND r.strikes > 0 AND r.kind = 'appointment'
                   AND (a.date BETWEEN %s AND %s OR r.claims IS NOT NULL)
                """,
                (question.clinic_id, question.first_day, question.last_day),
            )[0]["number"]
        )

    def _emptied_lately(self) -> bool:
        """Whether a case still says what Neo has emptied: that is taken out a day later."""
        question = self.clinic.case_question(self.clinic.shown())
        return bool(
            query(
                self.clinic.conn,
                """
                SELECT FROM idexx_sync.records r JOIN idexx_sync.records v
                    ON v.clinic_id = r.clinic_id AND v.external_id = r.external_id
                   AND v.kind = 'visit'
                 WHERE r.clinic_id = %s AND coalesce(r.source -> 'empty_since', '{}') <> '{}'
                   AND left(v.source ->> 'start', 10) BETWEEN %s AND %s
                """,
                (question.clinic_id, str(question.first_day), str(question.last_day)),
            )
        )

    def _shown_older(self) -> int:
        """Visits that are shown as they were: what stays so for some reads counts."""
        question = self.clinic.case_question(self.clinic.shown())
        return int(
            query(
                self.clinic.conn,
                """
                SELECT count(*) AS number FROM idexx_sync.records
                 WHERE clinic_id = %s AND kind = 'visit' AND quarantine_code = 'older_version'
                   AND left(source ->> 'start', 10) BETWEEN %s AND %s
                """,
                (question.clinic_id, str(question.first_day), str(question.last_day)),
            )[0]["number"]
        )

    def _bare_lately(self) -> int:
        """Visits that were seen without a record for the first time, which may be on its way."""
        return int(
            query(
                self.clinic.conn,
                "SELECT count(*) AS number FROM idexx_sync.records WHERE clinic_id = %s "
                "AND kind = 'visit' AND (source ->> 'bare_since')::timestamptz > %s",
                (self.clinic.clinic_id, self.clinic.now - case_checks.SOONEST),
            )[0]["number"]
        )

    def _is_foreign(self, delivery: Delivery) -> bool:
        """Nothing was written, or what a person had seen of it and nothing that came later."""
        job = delivery.job
        if job is None or job.result is None:
            return False
        permits = query(
            self.clinic.conn,
            "SELECT FROM idexx_sync.holds WHERE clinic_id = %s AND sync = %s "
            "AND cause = 'foreign_calendar' AND permit_until > %s",
            (job.clinic_id, job.sync, job.started_at),
        )
        came_later = bool(permits) and job.result["unfresh"] is not None
        return "foreign_calendar" in job.result["held"] or came_later
