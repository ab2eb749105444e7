"""`storyreel demo`: end to end on the bundled story, with the real service."""

from pathlib import Path

import daemon
from daemon import config
from daemon.cli.console import FINE, STORY_AT_FAULT, complain, say
from daemon.cli.drop import copy_into
from daemon.cli.run import serve
from daemon.config import Log
from daemon.delivery import files

STORY = Path(daemon.__file__).parent / "demo" / "the-fox-and-the-lighthouse"


def demonstrate(root: Path) -> int:
    """Drop the bundled story into an inbox below `root`, and run the service until the film is
    there.

    Returns the exit code.
    """
    settings = config.load(root=root).model_copy(update={"log": Log(format="auto", level="info")})
    inbox = settings.folders.inbox
    outbox = settings.folders.outbox
    inbox.mkdir(parents=True, exist_ok=True)
    before = films_in(outbox)
    dropped = copy_into(inbox, STORY)
    say(f"A story of six pages is in the inbox: {dropped}")
    print("The service takes it from there; this is its log:\n", flush=True)

    code = serve(settings, None, root, once=True)
    made = sorted(films_in(outbox) - before)
    if code or not made:
        complain("No film was made; the lines above say why.")
        return code or STORY_AT_FAULT
    print()
    say(f"The film: {made[0]}")
    print("Next to it are its captions, chapters, poster and report.")
    print("Play it, or drop a story of your own.")
    return FINE


def films_in(outbox: Path) -> set[Path]:
    """Every film that has been delivered."""
    return set(outbox.glob(f"*/*{files.FILM}"))
