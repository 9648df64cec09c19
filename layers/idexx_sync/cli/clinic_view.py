"""How a clinic stands, as a person reads it who has only the API."""

from idexx_sync.cli.list_view import freshness_shown, state_of, who_acts
from idexx_sync.cli.phrases import moment
from idexx_sync.cli.tables import Shown, fact_table, line
from idexx_sync.core.clinic_time import zone_of
from idexx_sync.operations.clinic_models import ClinicStatusView


def clinic_shown(clinic: ClinicStatusView) -> list[Shown]:
    """The clinic's facts, how current each sync is, and what is needed from whom."""
    zone = zone_of(clinic.timezone)
    facts: list[tuple[str, str | None]] = [
        ("clinic", str(clinic.clinic_id)),
        ("name", clinic.name),
        ("zone", clinic.timezone or "not set in ODIS"),
        ("stage", state_of(clinic)),
        *((sync.sync, freshness_shown(sync, clinic)) for sync in clinic.syncs),
        ("open holds", str(clinic.open_holds)),
        ("kept out", f"{clinic.kept_out} (rejected holds)" if clinic.kept_out else None),
    ]
    if not clinic.needs:
        return [fact_table(facts), line("Nothing is needed from anybody.", "green")]
    needed: list[tuple[str, str | None]] = []
    for need in clinic.needs:
        since = "" if need.since is None else f" (since {moment(need.since, zone)})"
        needed.append((who_acts(need), f"{need.what}{since}"))
    return [fact_table(facts), fact_table(needed, "Needed")]
