"""`storyreel demo`: the story that ships, on the whole road, with nothing left out."""

from pathlib import Path

import daemon
from daemon import config
from daemon.cli.console import FINE, STORY_AT_FAULT, complain
from daemon.cli.drop import copy_into
from daemon.cli.run import serve
from daemon.config import Log

STORY = Path(daemon.__file__).parent / "demo" / "the-fox-and-the-lighthouse"


def demonstrate(root: Path) -> int:
    """Drop the story that ships into an inbox below `root`, run the service until the film is there; the exit code."""
    settings = config.load(root=root).model_copy(update={"log": Log(format="auto", level="info")})
    inbox, outbox = settings.folders.inbox, settings.folders.outbox
    inbox.mkdir(parents=True, exist_ok=True)
    before = _films(outbox)
    dropped = copy_into(inbox, STORY)
    print(
        f"A story of six pages is in the inbox: {dropped}\nThe service takes it from there; this is its log:\n",
        flush=True,
    )
    code = serve(settings, None, root, once=True)
    if code or not (new := sorted(_films(outbox) - before)):
        complain("No film was made; the lines above say why.")
        return code or STORY_AT_FAULT
    print(
        f"\nThe film: {new[0]}\nIts captions, chapters, poster and report lie beside it. Play it, or drop a story of yours."
    )
    return FINE


def _films(outbox: Path) -> set[Path]:
    return set(outbox.glob("*/*.mp4"))
