"""The knobs of a company as a form: what each does, its value, what else it can be."""

import json
from itertools import groupby

from neo_simulator.company import Company
from neo_simulator.knob_menu import KNOBS, Knob
from neo_simulator.web.markup import text


def knob_tables(company: Company) -> str:
    """By group; a value that is not the default is marked."""
    groups = "".join(
        f"<tbody><tr><th colspan='3'>{text(group)}</th></tr>"
        + "".join(_row(company, knob) for knob in knobs)
        + "</tbody>"
        for group, knobs in groupby(KNOBS.values(), key=lambda knob: knob.group)
    )
    return (
        f"<table class='wide knobs' data-company='{company.id}'>{groups}</table>"
        "<p><button id='reset-knobs'>Set all to their defaults</button> "
        "<span id='knob-error' role='alert'></span></p>"
    )


def _row(company: Company, knob: Knob) -> str:
    value = company.knobs[knob.name]
    mark = " class='turned-row'" if company.knobs.changed(knob.name) else ""
    allowed = "" if knob.values.choices else f"<small>{text(knob.values.allowed)}</small>"
    return (
        f"<tr{mark} data-knob='{text(knob.name)}'><td><code>{text(knob.name)}</code></td>"
        f"<td>{_field(knob, value)}</td><td>{text(knob.summary)}{allowed}</td></tr>"
    )


def _field(knob: Knob, value: object) -> str:
    if not knob.values.choices:
        return f"<input aria-label='{knob.name}' value='{text(json.dumps(value))}'>"
    options = "".join(
        f"<option value='{text(json.dumps(word))}'{' selected' if word == value else ''}>"
        f"{text(word)}</option>"
        for word in knob.values.choices
    )
    return f"<select aria-label='{knob.name}'>{options}</select>"
