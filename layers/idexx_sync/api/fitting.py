"""Answers whose texts name no command that their reader can't run."""

from idexx_sync.api.caller import Caller
from idexx_sync.operations.alert_models import AlertList, AlertView
from idexx_sync.operations.clinic_models import ClinicList, ClinicStatusView
from idexx_sync.operations.hints import for_the_api
from idexx_sync.operations.letter_models import DeadLetterList, DeadLetterView
from idexx_sync.operations.models import JobList, JobView


def fitting_job(job: JobView) -> JobView:
    """The job with a message and an error for whoever has only the API."""
    message = None if job.message is None else for_the_api(job.message)
    error = job.error
    if error is not None and error.message is not None:
        error = error.model_copy(update={"message": for_the_api(error.message)})
    return job.model_copy(update={"message": message, "error": error})


def fitting_jobs(page: JobList) -> JobList:
    return page.model_copy(update={"jobs": tuple(map(fitting_job, page.jobs))})


def fitting_alert(alert: AlertView) -> AlertView:
    """The alert with a next step for whoever has only the API."""
    return alert.model_copy(update={"next": alert.next and for_the_api(alert.next)})


def fitting_alerts(page: AlertList) -> AlertList:
    return page.model_copy(update={"alerts": tuple(map(fitting_alert, page.alerts))})


def fitting_letter(letter: DeadLetterView) -> DeadLetterView:
    """The dead letter with a next step for whoever has only the API."""
    return letter.model_copy(update={"next": letter.next and for_the_api(letter.next)})


def fitting_letters(page: DeadLetterList) -> DeadLetterList:
    fit = tuple(map(fitting_letter, page.dead_letters))
    return page.model_copy(update={"dead_letters": fit})


def fitting_clinic(clinic: ClinicStatusView, caller: Caller) -> ClinicStatusView:
    """The clinic with needs for whoever has only the API, and nothing of other clinics."""
    needs = (need.model_copy(update={"what": for_the_api(need.what)}) for need in clinic.needs)
    told = {"needs": tuple(needs)}
    if not caller.is_operator:
        alerts = (one.model_copy(update={"incident_id": None}) for one in clinic.alerts)
        return clinic.model_copy(update={**told, "alerts": tuple(alerts)})
    return clinic.model_copy(update=told)


def fitting_clinics(page: ClinicList, caller: Caller) -> ClinicList:
    fit = tuple(fitting_clinic(one, caller) for one in page.clinics)
    return page.model_copy(update={"clinics": fit})
