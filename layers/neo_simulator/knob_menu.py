"""The menu of what may differ or go wrong, per company and while it runs.

Reality is unknown in these points (Neo protocol, simulator checklist); the default of each knob is
the behaviour that was confirmed, or the likeliest.
"""

from dataclasses import dataclass
from typing import Any

from neo_simulator.faults import fault_rules
from neo_simulator.knob_values import (
    Values,
    any_text,
    count,
    flag,
    mapping,
    number,
    one_of,
    share,
    some_of,
)
from neo_simulator.payloads.damage import DUPLICATES, LOOK_UP_KINDS, MALFORMED_KINDS, SELF_DESCRIBED
from neo_simulator.payloads.page_damage import PAGE_KINDS
from neo_simulator.shape_values import (
    EXPIRED_ANSWERS,
    ID_FIELDS,
    LIFE_FORMS,
    LIFE_PLACES,
    OPTIONAL_KEYS,
    an_id,
    by_id,
    calendar_subset,
    delay,
    lag,
)
from neo_simulator.statuses import DISPLAY


@dataclass(frozen=True, slots=True)
class Knob:
    name: str
    group: str
    values: Values
    default: Any
    summary: str


KNOBS = {
    knob.name: knob
    for knob in (
        # -- session ---------------------------------------------------------------------------
        Knob(
            "expired_answer",
            "Session",
            one_of(*EXPIRED_ANSWERS),
            "302_login",
            "What a JSON request without a valid session gets.",
        ),
        Knob(
            "session_idle_minutes",
            "Session",
            number(0, 100_000, unit="minutes", optional=True),
            20,
            "A session ends when it was not used for so long.",
        ),
        Knob(
            "session_absolute_minutes",
            "Session",
            number(0, 100_000, unit="minutes", optional=True),
            480,
            "A session ends so long after the login, used or not.",
        ),
        Knob(
            "second_login_kills_first",
            "Session",
            flag(),
            False,
            "A new login ends the same user's other sessions.",
        ),
        Knob(
            "session_of_company",
            "Session",
            any_text(),
            None,
            "Sessions that begin while it is set show that company's data instead.",
        ),
        # -- login -----------------------------------------------------------------------------
        Knob(
            "login_variant",
            "Login",
            one_of(
                "plain",
                "csrf",
                "slow_page",
                "changed_form",
                "announcement_modal",
                "cookie_banner",
                "cookie_wall",
                "no_form",
                "dead_button",
                "locked",
                "mfa",
                "sso",
                "captcha",
                "branch_chooser",
                "password_change",
                "unknown_landing",
            ),
            "plain",
            "How the login page looks, or what comes after a right password.",
        ),
        Knob(
            "slow_page_ms",
            "Login",
            number(0, 120_000, unit="ms"),
            3000,
            "With login_variant slow_page: how late the form appears.",
        ),
        Knob(
            "session_cookie_late_ms",
            "Login",
            number(0, 120_000, unit="ms"),
            0,
            "How long after the dashboard's shell a script fetches the session's cookie.",
        ),
        Knob(
            "wrong_password_style",
            "Login",
            one_of("200", "302"),
            "200",
            "A wrong password is answered on the spot, or by a redirect back to the login page.",
        ),
        Knob(
            "wrong_password_class",
            "Login",
            one_of("error-message", "alert-danger", "role-alert", "unmarked"),
            "alert-danger",
            "How the error box is marked up.",
        ),
        Knob(
            "lockout_after",
            "Login",
            count(1, 1000, unit="attempts"),
            None,
            "So many wrong passwords in a row lock the user, until unlocked or a new password.",
        ),
        # -- shape of the answers --------------------------------------------------------------
        Knob(
            "envelope",
            "Shape",
            one_of("events", "bare_array", "unexpected_object", "events_null", *SELF_DESCRIBED),
            "events",
            "What holds the calendar's list, and what it says of itself: that it failed, or is a "
            "part; then it holds the first half.",
        ),
        Knob(
            "id_types",
            "Shape",
            mapping(ID_FIELDS, one_of("number", "string")),
            {},
            "JSON type of single id fields; those not named are as seen in reality.",
        ),
        Knob(
            "end_bound",
            "Shape",
            one_of("exclusive", "inclusive", "spanning"),
            "exclusive",
            "Which entries a window holds: start < end, start <= end, or all that overlap it.",
        ),
        Knob(
            "cancelled_visits",
            "Shape",
            one_of("present", "absent"),
            "present",
            "Cancelled visits in the calendar; they are always readable by id.",
        ),
        Knob(
            "deleted_visits",
            "Shape",
            one_of("readable", "unknown"),
            "readable",
            "Deleted visits and blocks looked up by id: readable as deleted, or as if never made.",
        ),
        Knob(
            "species_form",
            "Shape",
            one_of("string", "object"),
            "string",
            "Species, breed and sex in page-data: text, or {id, name}.",
        ),
        Knob(
            "notes_place",
            "Shape",
            one_of(
                *("consultation_notes", "consultation", "second", "discharge_summary"),
                *("missing", "null", "renamed", "key_renamed"),
            ),
            "consultation_notes",
            "Where page-data has the notes; second: the first place holds something else.",
        ),
        Knob(
            "life_shown",
            "Shape",
            some_of(LIFE_PLACES),
            [],
            "Answers, beside the patient search, that say whether a patient lives.",
        ),
        Knob(
            "life_form",
            "Shape",
            one_of(*LIFE_FORMS),
            "alive",
            "How they say it: alive and active, a status, or the day of death.",
        ),
        Knob(
            "client_contact",
            "Shape",
            one_of("present", "missing"),
            "present",
            "Phones and e-mail of the client in page-data.",
        ),
        Knob(
            "missing_keys",
            "Shape",
            some_of(OPTIONAL_KEYS),
            [],
            "Optional keys that are absent.",
        ),
        Knob(
            "unknown_consultation",
            "Shape",
            one_of("404_html", "404_json", "200_without_consultation"),
            "404_html",
            "What page-data of an unknown id gets.",
        ),
        Knob(
            "unknown_appointment",
            "Shape",
            one_of("404_json", "404_html", "200_without_appointment", "200_null"),
            "404_json",
            "What getAppointment of an unknown id gets.",
        ),
        # -- data ------------------------------------------------------------------------------
        Knob(
            "calendar_subset",
            "Data",
            calendar_subset(),
            "all",
            "Which part of its entries the calendar shows; all stay readable by id.",
        ),
        Knob(
            "malformed_records",
            "Data",
            share(
                extra=', with "kinds": list of ' + ", ".join(MALFORMED_KINDS),
                fields={"kinds": some_of(MALFORMED_KINDS)},
            ),
            None,
            "Calendar records that are broken, the kinds in turn.",
        ),
        Knob(
            "malformed_look_ups",
            "Data",
            by_id("visit's or block's id", "kind", one_of(*LOOK_UP_KINDS)),
            {},
            "Visits and blocks that are broken where they are asked for by id.",
        ),
        Knob(
            "duplicate_records",
            "Data",
            share(
                extra=f', with "how": {" | ".join(DUPLICATES)}',
                fields={"how": one_of(*DUPLICATES)},
            ),
            None,
            "Calendar records that come twice; a differing version is newer and an hour later, "
            "all others have the same stamp.",
        ),
        Knob(
            "status_words",
            "Data",
            mapping(tuple(DISPLAY), any_text()),
            {},
            "Other display words for the calendar's statuses.",
        ),
        Knob(
            "unknown_status",
            "Data",
            share(extra=', with "word": text', fields={"word": any_text()}),
            None,
            "Visits whose status is a word that nobody knows.",
        ),
        Knob(
            "status_missing",
            "Data",
            share(),
            None,
            "Visits whose record lacks the three status keys.",
        ),
        Knob(
            "block_flag_missing",
            "Data",
            share(),
            None,
            "Visits and blocks whose record does not say which of the two it is.",
        ),
        Knob(
            "consultation_key_missing",
            "Data",
            share(),
            None,
            "Visits whose record lacks the key of the consultation's id.",
        ),
        Knob(
            "malformed_consultations",
            "Data",
            by_id("consultation's id", "kind", one_of(*PAGE_KINDS)),
            {},
            "Consultations of whose page-data a part is odd.",
        ),
        Knob(
            "picture_kb",
            "Data",
            count(1, 100_000, unit="KB"),
            None,
            "So large a picture is pasted at the end of all notes.",
        ),
        Knob(
            "second_server",
            "Data",
            lag(),
            None,
            "A second server answers in turn and shows visits and blocks as they were minutes ago.",
        ),
        Knob(
            "consultation_patient",
            "Data",
            by_id("consultation's id", "patient's id", an_id()),
            {},
            "Consultations whose page-data shows another patient than theirs.",
        ),
        Knob(
            "consultation_hidden",
            "Data",
            share(),
            None,
            "Visits whose record in the calendar does not show their consultation: it is null.",
        ),
        Knob(
            "consultation_gone",
            "Data",
            share(),
            None,
            "Consultations whose page-data answers as for an unknown id; those of visits, by the "
            "visits.",
        ),
        Knob(
            "consultation_garbled",
            "Data",
            share(),
            None,
            "Consultations whose page-data can't be read: its patient is a list; by the visits.",
        ),
        # -- network ---------------------------------------------------------------------------
        Knob(
            "delay_ms",
            "Network",
            delay(),
            0,
            "Time before each answer; it holds up no other request.",
        ),
        Knob(
            "refuse_connections",
            "Network",
            flag(),
            False,
            "The company's own address refuses new connections and cuts the open ones.",
        ),
        Knob(
            "faults",
            "Network",
            fault_rules(),
            [],
            "Rules for single requests that go wrong.",
        ),
    )
}
