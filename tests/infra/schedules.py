"""Schedules, their groups and their roles in a template."""

from idexx_sync.core.catalog import CATALOG
from tests.infra.template import Grant, Resource, Template, flat, granted, target

CHANGES = ("scheduler:CreateSchedule", "scheduler:UpdateSchedule", "scheduler:DeleteSchedule")


def schedule_of(template: Template, handler: str) -> tuple[str, Resource]:
    """Logical id and properties of the schedule that starts the function."""
    function = template.functions[handler].logical_id
    (found,) = (
        (id_, schedule)
        for id_, schedule in template.of_type("AWS::Scheduler::Schedule").items()
        if target(schedule["Target"]["Arn"]) == function
    )
    return found


def started_by(template: Template, schedule: Resource) -> tuple[str, str]:
    """Logical ids of the schedule's group, and of its role, which only that group may have."""
    (group,) = (
        id_
        for id_, properties in template.of_type("AWS::Scheduler::ScheduleGroup").items()
        if properties["Name"] == schedule["GroupName"]
    )
    role = target(schedule["Target"]["RoleArn"])
    assert trust_of(template, role) == group
    return group, role


def trust_of(template: Template, role: str) -> str:
    """The group whose schedules of this account may have the role, and nobody else."""
    (trust,) = template.resources[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    (kind,) = trust["Condition"]
    conditions = trust["Condition"][kind]
    assert (kind, conditions.keys()) == ("StringEquals", {"aws:SourceAccount", "aws:SourceArn"})
    assert conditions["aws:SourceAccount"] == {"Ref": "AWS::AccountId"}
    return target(conditions["aws:SourceArn"])


def clinics_group(template: Template) -> tuple[str, str]:
    """Logical id and name of the group of the clinics' schedules."""
    (found,) = (
        (id_, properties["Name"])
        for id_, properties in template.of_type("AWS::Scheduler::ScheduleGroup").items()
        if properties["Name"].endswith("-clinics")
    )
    return found


def role_of_ticks(template: Template) -> str:
    """The role of the clinics' schedules."""
    group, _ = clinics_group(template)
    (found,) = (
        id_
        for id_, role in template.of_type("AWS::IAM::Role").items()
        if f"${{{group}.Arn}}" in str(_conditions(role))
    )
    return found


def _conditions(role: Resource) -> list[str]:
    statements = role["AssumeRolePolicyDocument"]["Statement"]
    return [
        flat(value)
        for statement in statements
        for conditions in statement.get("Condition", {}).values()
        for value in conditions.values()
    ]


def tick_queues(template: Template) -> dict[str, str]:
    """Sync -> logical id of its queue of ticks."""
    workers = {
        template.functions[f"{row.folder}.worker"].logical_id: name for name, row in CATALOG.items()
    }
    return {
        workers[target(mapping["FunctionName"])]: target(mapping["EventSourceArn"])
        for mapping in template.of_type("AWS::Lambda::EventSourceMapping").values()
        if target(mapping["FunctionName"]) in workers
    }


def letters_queue(template: Template) -> str:
    """Logical id of the queue of dead letters."""
    consumer = template.functions["dead_letters.handler"].logical_id
    (found,) = (
        target(mapping["EventSourceArn"])
        for mapping in template.of_type("AWS::Lambda::EventSourceMapping").values()
        if target(mapping["FunctionName"]) == consumer
    )
    return found


def mirror_grants(template: Template) -> set[Grant]:
    """What the function that keeps the clinics' schedules may do besides."""
    _, group = clinics_group(template)
    arn = "arn:${AWS::Partition}:scheduler:${AWS::Region}:${AWS::AccountId}:schedule"
    return {
        *granted(CHANGES, f"{arn}/{group}/*"),
        ("scheduler:ListSchedules", "*"),
        ("iam:PassRole", f"${{{role_of_ticks(template)}.Arn}}"),
    }


def mirror_settings(template: Template) -> dict[str, str]:
    """What it finds in its environment besides."""
    _, group = clinics_group(template)
    queues = ",".join(
        f'"{sync}":"${{{queue}.Arn}}"' for sync, queue in tick_queues(template).items()
    )
    return {
        "IDEXX_SYNC_SCHEDULE_GROUP": group,
        "IDEXX_SYNC_SCHEDULE_ROLE_ARN": f"${{{role_of_ticks(template)}.Arn}}",
        "IDEXX_SYNC_SCHEDULE_DEAD_LETTERS_ARN": f"${{{letters_queue(template)}.Arn}}",
        "IDEXX_SYNC_TICK_QUEUE_ARNS": f"{{{queues}}}",
        "IDEXX_SYNC_SCHEDULER_CALLS_PER_SECOND": "50",
    }
