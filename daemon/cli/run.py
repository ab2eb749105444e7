"""`storyreel run`: the service."""

import asyncio
from pathlib import Path

from daemon import config, log
from daemon.cli.console import BAD_CONFIG, TRY_AGAIN, complain, settings_or_exit
from daemon.config import Settings
from daemon.errors import AlreadyRunning, FoldersAway, SpoolError, WorkersBroken
from daemon.service import footprint
from daemon.service.service import Service


def run(file: Path | None, root: Path | None, *, once: bool) -> int:
    """Serve with the settings of `file`, read again at each SIGHUP; the exit code."""
    return serve(settings_or_exit(file, root), file, root, once=once)


def serve(settings: Settings, file: Path | None, root: Path | None, *, once: bool) -> int:
    """Run the service to its end, its log on standard output; the exit code."""
    log.setup(settings.log)
    footprint.keep_flat()

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
