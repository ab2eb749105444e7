"""`storyreel run`: the service."""

import asyncio
import gc
from pathlib import Path

from daemon import config, log
from daemon.cli.console import BAD_CONFIG, TRY_AGAIN, complain, settings_or_exit
from daemon.config import Settings
from daemon.errors import AlreadyRunning, FoldersAway, SpoolError, WorkersBroken
from daemon.service.service import Service

FEW_NEW_OBJECTS = (700, 4, 2)
"""Containers that are new, collections of the young ones, and of those that have aged once: after
700 × 4 × 2 the garbage collector goes through all (Python's default: 700 × 10 × 10)."""


def run(file: Path | None, root: Path | None, *, once: bool) -> int:
    """Serve with the settings of `file`, read again at each SIGHUP; the exit code."""
    return serve(settings_or_exit(file, root), file, root, once=once)


def serve(settings: Settings, file: Path | None, root: Path | None, *, once: bool) -> int:
    """Run the service to its end, its log on standard output; the exit code."""
    log.setup(settings.log)
    collect_in_time()

    async def service() -> int:
        return await Service(settings, lambda: config.load(file, root), once=once).run()

    try:
        return asyncio.run(service())
    except AlreadyRunning as error:
        mend = "Stop that one first, or use another root."
        complain(f"{error}: two would take each other's stories. {mend}")
        return TRY_AGAIN
    except (FoldersAway, WorkersBroken) as error:
        complain(str(error))
        return TRY_AGAIN
    except SpoolError as error:
        complain(str(error))
        return BAD_CONFIG


def collect_in_time() -> None:
    """Let the garbage collector go through all objects often, and leave out what was imported.

    Python collects garbage of all ages only after 70,000 new objects, and only when what is new is
    a quarter of the rest (https://docs.python.org/3.11/library/gc.html#gc.set_threshold). Next to
    the objects of all modules, and with as few new ones as this service makes, that is after hours,
    and until then the memory grows.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*FEW_NEW_OBJECTS)
    gc.collect()  # counts anew what is left
