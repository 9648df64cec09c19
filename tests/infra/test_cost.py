"""What docs/cost.md says a stage costs is what the model says, and it counts what is there."""

from typing import get_args

from dev_tools.cost import ALARMS, DASHBOARDS, MEASURES, SECRETS, WORKER_GB, month, table
from idexx_sync.core import deployments
from idexx_sync.core.measures import Measure
from infra.stages import PROD
from tests.infra.template import Template
from tests.kit.paths import ROOT


def test_the_document_has_the_models_table() -> None:
    assert "\n".join(table()) in (ROOT / "docs" / "cost.md").read_text()


def test_it_counts_what_the_template_has(prod: Template) -> None:
    assert len(prod.of_type("AWS::CloudWatch::Alarm")) == ALARMS
    assert len(prod.of_type("AWS::CloudWatch::Dashboard")) == DASHBOARDS
    assert len(get_args(Measure)) == MEASURES
    assert len(deployments.SECRETS) == SECRETS
    assert {limits.size.memory_mb for limits in PROD.workers.values()} == {WORKER_GB * 1024}


def test_logins_apart_are_worth_it_only_where_there_are_many_clinics() -> None:
    one, many = month(1), month(10_000)

    assert one.total - one.total_apart < 1
    assert many.total_apart < many.total / 2
