"""Pictures in files, drawn by matplotlib, which only whoever wants one needs."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

from idexx_sync.cli.errors import CommandError
from idexx_sync.cli.exits import Exit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INCHES: Final = (11.0, 5.0)
DOTS_PER_INCH: Final = 120

Draw = Callable[["Figure"], None]


def write_png(draw: Draw, path: Path) -> None:
    """Write the picture; CommandError where matplotlib or the place for it is missing."""
    picture = drawn_png(draw)
    try:
        path.write_bytes(picture)
    except OSError as error:
        raise CommandError(
            f"{path} can't be written: {error.strerror}; name another file",
            kind="file",
            exit_code=Exit.FAILED,
        ) from None


def drawn_png(draw: Draw) -> bytes:
    """The picture that is drawn into an empty figure; CommandError without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        raise CommandError(
            "matplotlib is not installed, and --png needs it: pip install matplotlib (the extra "
            "`png` of this project); without --png the plot is shown here",
            kind="not_installed",
            exit_code=Exit.FAILED,
        ) from None
    figure = Figure(figsize=INCHES, dpi=DOTS_PER_INCH, layout="constrained")
    draw(figure)
    picture = BytesIO()
    figure.savefig(picture, format="png")
    return picture.getvalue()
