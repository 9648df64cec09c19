"""A stage whose logins have a function of their own: what is otherwise there, and no more."""

from importlib import import_module

import pytest

from infra.login_function import of_workers
from infra.stages import LOCAL, STAGING
from tests.infra.template import Function, Template, flat, granted, target
from tests.infra.test_functions import INVOKE, LOG, READS, TRACE

LOGIN = "login.handler"
WORKERS = {"case_sync.worker", "inbound_sync.worker", "reconciliation.worker"}
VARIABLE = "IDEXX_SYNC_LOGIN_FUNCTION"


@pytest.fixture
def login(apart: Template) -> Function:
    return apart.functions[LOGIN]


def build_target(template: Template, function: Function) -> str:
    tag = flat(function.properties["Code"]["ImageUri"]).rpartition(":")[2]
    return str(template.images[tag]["dockerBuildTarget"])


def test_it_is_one_function_more_and_its_handler_exists(apart: Template) -> None:
    assert apart.functions.keys() == READS.keys() | {LOGIN}
    assert callable(import_module("functions.login.handler").handler)


def test_it_may_do_nothing_but_write_its_log(login: Function) -> None:
    log = target(login.properties["LoggingConfig"]["LogGroup"])

    assert login.grants == granted(LOG, f"${{{log}.Arn}}") | granted(TRACE, "*")


def test_it_knows_no_secret_and_where_it_may_log_in(login: Function) -> None:
    assert {name: flat(value) for name, value in login.environment.items()} == {
        "IDEXX_SYNC_STAGE": "prod",
        "IDEXX_SYNC_NEO_HOSTS": "us.idexxneo.com",
    }


def test_workers_may_invoke_it_besides_and_know_its_name(
    apart: Template, prod: Template, login: Function
) -> None:
    for handler in READS:
        here, there = apart.functions[handler], prod.functions[handler]
        more = {(INVOKE, f"${{{login.logical_id}.Arn}}")} if handler in WORKERS else set()
        assert here.grants - there.grants == more, handler
        assert there.grants - here.grants == set(), handler
        known = {VARIABLE: {"Ref": login.logical_id}} if handler in WORKERS else {}
        assert here.environment == {**there.environment, **known}, handler


def test_only_it_has_a_browser_and_workers_are_small(apart: Template, prod: Template) -> None:
    assert {
        handler for handler in apart.functions
        if build_target(apart, apart.functions[handler]) == "browser"
    } == {LOGIN}  # fmt: skip
    for handler in READS:
        here = apart.functions[handler].properties
        expected = 512 if handler in WORKERS else prod.functions[handler].properties["MemorySize"]
        assert here["MemorySize"] == expected, handler
        assert here["Timeout"] == prod.functions[handler].properties["Timeout"], handler
    assert apart.functions[LOGIN].properties["MemorySize"] == 2048


def test_it_ends_before_workers_wait_no_more_and_after_the_longest_login(login: Function) -> None:
    from idexx_sync.core.settings import LOGIN_ENDS_WITHIN_S, Settings
    from idexx_sync.pims.neo.login import invoked, on_order

    seconds = login.properties["Timeout"]
    longest_login = Settings.model_fields["login_timeout_seconds"].default
    assert seconds < invoked.LONGEST_S
    assert seconds > longest_login + max(on_order.RESERVE_S, LOGIN_ENDS_WITHIN_S)


def test_an_order_is_never_repeated(login: Function) -> None:
    """Workers wait for it; nobody else is to, even if somebody let it begin and did not."""
    assert login.events is not None
    assert login.events["MaximumRetryAttempts"] == 0
    assert "DestinationConfig" not in login.events


def test_no_worker_finds_it_busy(apart: Template, login: Function) -> None:
    def reserved(handler: str) -> int:
        return int(apart.functions[handler].properties["ReservedConcurrentExecutions"])

    assert reserved(login.handler) == sum(map(reserved, WORKERS)) == 35


def test_where_workers_take_what_the_account_has_so_does_it() -> None:
    """With one of them unbounded no number would do."""
    assert of_workers(LOCAL) is None
    assert of_workers(STAGING) == 12


def test_its_lines_are_shipped_for_it_and_the_page_shows_it(
    apart: Template, login: Function
) -> None:
    log = target(login.properties["LoggingConfig"]["LogGroup"])
    (shipped,) = (
        one["FilterPattern"]
        for one in apart.of_type("AWS::Logs::SubscriptionFilter").values()
        if target(one["LogGroupName"]) == log
    )
    _, page = apart.only("AWS::CloudWatch::Dashboard")

    assert shipped == ""
    assert f"${{{login.logical_id}}}" in flat(page["DashboardBody"])


def test_it_is_changed_after_the_migrations_like_all_others(apart: Template) -> None:
    others = apart.functions.keys() - {"migrate.handler"}
    trigger, _ = apart.only("Custom::Trigger")

    for handler in others:
        function = apart.resources[apart.functions[handler].logical_id]
        assert trigger in function["DependsOn"], handler


def test_no_stage_has_it_unless_it_says_so(
    prod: Template, staging: Template, local: Template
) -> None:
    for template in (prod, staging, local):
        assert LOGIN not in template.functions
        assert not [one for one in template.functions.values() if VARIABLE in one.environment]
