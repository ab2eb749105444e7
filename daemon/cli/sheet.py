"""`storyreel sheet`: a film on one picture, or a story as the film that it would become."""

import tempfile
from pathlib import Path

from daemon.cli.compile import compile_folder
from daemon.cli.console import FINE, STORY_AT_FAULT, TRY_AGAIN, USAGE, complain, say
from daemon.delivery import files
from daemon.delivery.sheet import draw
from daemon.errors import UnusableFilm


def draw_sheet(subject: Path, target: Path | None, config: Path | None) -> int:
    """Draw the sheet of a film, of the film in a folder of the outbox, or of a story's folder.

    A story is compiled as a preview first. Returns the exit code.
    """
    if subject.is_file():
        return save_sheet(subject, target or Path(f"{subject.stem}.sheet.png"))
    target = target or Path(f"{subject.resolve().name}.sheet.png")
    if film := files.film_in(subject):
        return save_sheet(film, target)
    with tempfile.TemporaryDirectory(prefix="storyreel-sheet-") as folder:
        code = compile_folder(subject, Path(folder), config, preview=True, quiet=True)
        if code != FINE:
            return code
        return save_sheet(next(Path(folder).glob(f"*{files.FILM}")), target)


def save_sheet(film: Path, target: Path) -> int:
    """Draw the sheet of a film into the picture file `target`; returns the exit code."""
    try:
        sheet = draw(film)
    except UnusableFilm as error:
        complain(f"{film.name}: {error}")
        return STORY_AT_FAULT
    except OSError as error:
        complain(f"{film}: {error.strerror or error}")
        return TRY_AGAIN
    except MemoryError:
        complain(f"{film}: not enough memory")
        return TRY_AGAIN

    try:
        sheet.save(target, quality=90)
    except ValueError:
        complain(f"{target}: its ending names no kind of picture. Write it as .png or .jpg.")
        return USAGE
    except OSError as error:
        complain(f"{target}: {error.strerror or error}")
        return TRY_AGAIN
    say(str(target))
    return FINE
