"""What CloudWatch counts, as a line in the log (EMF): for what must be told without the database.

No clinic is ever a dimension: each value of one is a metric of its own, and is paid as one.
"""

from math import isfinite
from typing import Final, Literal

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from idexx_sync.core.logs import SERVICE, logger
from idexx_sync.core.settings import load_stage_settings

SERVICE_DIMENSION: Final = "service"
Measure = Literal[
    "OldestUnsentMessageSeconds",
    "UnsentMessages",
    "LinesNotShipped",
    "LinesLeftOut",
    "StepsRefused",
    "RunsEnded",
    "RunsFailed",
    "RunSeconds",
    "SchedulesNotMirrored",
    "TicksMissed",
    "ClinicsOnOldData",
    "ClinicsLockedOut",
    "HoldsOpen",
    "LettersParked",
]
OLDEST_UNSENT: Final = "OldestUnsentMessageSeconds"
LINES_NOT_SHIPPED: Final = "LinesNotShipped"
STEPS_REFUSED: Final = "StepsRefused"
NOT_MIRRORED: Final = "SchedulesNotMirrored"
FAILED_UNSEEN: Final[dict[Measure, float]] = {"RunsEnded": 1, "RunsFailed": 1}
"""Of a job that ends as failed without a run that could measure it."""
_UNITS: Final[dict[Measure, MetricUnit]] = {
    "OldestUnsentMessageSeconds": MetricUnit.Seconds,
    "UnsentMessages": MetricUnit.Count,
    "LinesNotShipped": MetricUnit.Count,
    "LinesLeftOut": MetricUnit.Count,
    "StepsRefused": MetricUnit.Count,
    "RunsEnded": MetricUnit.Count,
    "RunsFailed": MetricUnit.Count,
    "RunSeconds": MetricUnit.Seconds,
    "SchedulesNotMirrored": MetricUnit.Count,
    "TicksMissed": MetricUnit.Count,
    "ClinicsOnOldData": MetricUnit.Count,
    "ClinicsLockedOut": MetricUnit.Count,
    "HoldsOpen": MetricUnit.Count,
    "LettersParked": MetricUnit.Count,
}


def measure(values: dict[Measure, float]) -> None:
    """Write the values down, all in one line; each stage has a namespace of its own.

    What is no number of JSON's is left out and told: it would take the others with it.
    """
    for name in [name for name, value in values.items() if not isfinite(value)]:
        logger().error("a measure that is no number", step=name)
    values = {name: value for name, value in values.items() if isfinite(value)}
    if not values:
        return
    namespace = f"{SERVICE}-{load_stage_settings().stage}"
    metrics = EphemeralMetrics(namespace=namespace, service=SERVICE)
    for name, value in values.items():
        metrics.add_metric(name=name, unit=_UNITS[name], value=value)
    metrics.flush_metrics()
