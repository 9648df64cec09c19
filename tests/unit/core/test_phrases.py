"""Code words stand in columns, JSON and logs; a sentence for an operator says them in words."""

import re
from typing import Final, get_args

from idexx_sync.cli.phrases import CAUSES
from idexx_sync.core.phrases import HELD_BECAUSE, phrase
from idexx_sync.syncs.gate import Cause
from tests.kit.paths import ROOT

PRODUCT: Final = ROOT / "layers" / "idexx_sync"
SENTENCE: Final = re.compile(r'\bf"[^"\n]* [^"\n]*"')
CODE: Final = re.compile(
    r"""\{(?:[\w.]+\.|\w+\[')?"""
    r"""(kind|code|cause|outcome|status|error_kind|freshness|trigger|removal)(?:'\]| or |\})"""
)
"""What holds a code word, as it is put into a sentence."""
ONE_WORD: Final = {
    *("cli/backend.py status", "cli/explain_parts.py status", "cli/holds.py status"),
    "operations/decisions.py status",  # of a hold, or of a job that has not ended
}
"""Words that have no underscore: the status of a hold."""
NO_SENTENCE: Final = {
    "alerts/texts.py kind",  # within a command
    "api/openapi.py code",  # describes the code itself
    "api/problems.py code",
    "core/named_secrets.py code",  # AWS's own word
    "database/rights_check/places.py kind",  # SQL
    "database/rights_check/routines.py kind",
    *("explain/at_time_records.py kind", "cli/explain_view.py kind"),  # visit, consultation …
    "pims/neo/http/client.py status",  # a number
    "jobs/worker.py error_kind",  # for Lambda's log
}


def test_no_sentence_has_a_code_word_as_it_is() -> None:
    found = {
        f"{path.relative_to(PRODUCT)} {code}"
        for path in PRODUCT.rglob("*.py")
        for sentence in SENTENCE.findall(path.read_text())
        for code in CODE.findall(sentence)
    }

    assert found == ONE_WORD | NO_SENTENCE


def test_every_cause_of_a_hold_has_words_for_a_list_and_for_a_sentence() -> None:
    assert set(HELD_BECAUSE) == set(CAUSES) == set(get_args(Cause))
    assert not [words for words in HELD_BECAUSE.values() if "_" in words or words[0].isupper()]
    assert phrase(HELD_BECAUSE, "times_shifted").startswith("nearly all visits")
    assert phrase({}, "skipped_overlap") == "skipped overlap"
