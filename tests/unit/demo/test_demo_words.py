"""What can be typed after `./run demo`."""

import pytest

from demo.__main__ import main


def test_a_word_that_is_none_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["--josn"])

    out, err = capsys.readouterr()
    assert (left.value.code, out) == (2, "")
    assert err.startswith("usage: ./run demo [-h] [--json] [--image]\n")
    assert "unrecognized arguments: --josn" in err
