"""How a clinic stands, as a person reads it who has only the API."""

from typing import Final

from idexx_sync.cli.alert_view import need_shown, other_alerts
from idexx_sync.cli.list_view import freshness_shown, state_of, who_acts
from idexx_sync.cli.tables import Shown, fact_table, line
from idexx_sync.core.clinic_time import zone_of
from idexx_sync.operations.clinic_models import ClinicStatusView

NOTHING_NEEDED: Final = "Nothing is needed from anybody."


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
    needed = [(who_acts(need), need_shown(need, clinic.alerts, zone)) for need in clinic.needs]
    asked = fact_table(needed, "Needed") if needed else line(NOTHING_NEEDED, "green")
    return [fact_table(facts), asked, *other_alerts(clinic.needs, clinic.alerts, zone)]
