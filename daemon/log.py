"""Structured logging: every event that exists, and how events reach standard output.

A line is one JSON object with one event of the table below. Names from stories are values in it and
are escaped, so they cannot forge a line. `events_table()` is the table in `docs/events.md`; a test
compares them. Logging is set up again in every process.
"""

import contextlib
import logging
import math
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TextIO

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from daemon.config import Log


class Event(StrEnum):
    """Every event that this program logs."""

    SERVICE_STARTED = "service.started"
    SERVICE_READY = "service.ready"
    SERVICE_DEGRADED = "service.degraded"
    SERVICE_RELOADED = "service.reloaded"
    SERVICE_STOPPING = "service.stopping"
    SERVICE_STOPPED = "service.stopped"
    WATCHER_STARTED = "watcher.started"
    WATCHER_DEGRADED = "watcher.degraded"
    WATCHER_RECOVERED = "watcher.recovered"
    INBOX_SCANNED = "inbox.scanned"
    INBOX_CROWDED = "inbox.crowded"
    STORY_DETECTED = "story.detected"
    STORY_WAITING = "story.waiting"
    STORY_READY = "story.ready"
    STORY_CLAIMED = "story.claimed"
    STORY_COPIED = "story.copied"
    STORY_UNCLAIMABLE = "story.unclaimable"
    STORY_DELIVERED = "story.delivered"
    STORY_FAILED = "story.failed"
    STORY_RECOVERED = "story.recovered"
    STORY_PRUNED = "story.pruned"
    RENDER_STARTED = "render.started"
    RENDER_PROGRESS = "render.progress"
    RENDER_RETRYING = "render.retrying"
    RENDER_FINISHED = "render.finished"
    DISK_LOW = "disk.low"
    DISK_OK = "disk.ok"
    MUSIC_UNUSABLE = "music.unusable"
    LIBRARY_MESSAGE = "library.message"


@dataclass(frozen=True, slots=True)
class Description:
    """What an event means, and its fields in addition to `timestamp`, `level` and `event`."""

    meaning: str
    fields: tuple[str, ...] = ()


JOB = ("story", "job", "attempt")
"""The fields that every line about an attempt has."""

EVENTS: Mapping[Event, Description] = {
    Event.SERVICE_STARTED: Description(
        "The service has opened its folders, and no other instance uses them. `confinement`:"
        " the version of Landlock (0: none), and whether system calls are filtered.",
        ("version", "pid", "root", "workers", "tracks", "confinement"),
    ),
    Event.SERVICE_READY: Description(
        "The first scan of the inbox is done; stories are being taken.", ("seconds",)
    ),
    Event.SERVICE_DEGRADED: Description(
        "Something is wrong, and the service continues without it.", ("reason", "mend")
    ),
    Event.SERVICE_RELOADED: Description(
        "The settings were read again (SIGHUP). With `problems`, the old ones stay in force.",
        ("changed", "needs_restart", "problems"),
    ),
    Event.SERVICE_STOPPING: Description(
        "No more stories are taken; running attempts may finish.", ("reason", "running")
    ),
    Event.SERVICE_STOPPED: Description(
        "The last line. `left` is the number of stories that continue at the next start.",
        ("seconds", "delivered", "failed", "left"),
    ),
    Event.WATCHER_STARTED: Description("The inbox is being watched.", ("inbox", "rescan_seconds")),
    Event.WATCHER_DEGRADED: Description(
        "The system's notifications do not arrive; scans find new stories, a little later.",
        ("reason", "mend"),
    ),
    Event.WATCHER_RECOVERED: Description("Notifications arrive again.", ("seconds",)),
    Event.INBOX_SCANNED: Description(
        "The whole inbox was scanned. Logged at the start, and on level debug at every scan."
        " `strays` are entries that are not story folders.",
        ("folders", "strays", "seconds"),
    ),
    Event.INBOX_CROWDED: Description(
        "More than 1000 lines about folders of the inbox came within a minute. `more` says how many"
        ' further ones of each kind were not logged, such as "waiting"; `storyreel status` has'
        " them all.",
        ("more", "folders"),
    ),
    Event.STORY_DETECTED: Description("A new folder is in the inbox.", ("story",)),
    Event.STORY_WAITING: Description(
        "A folder is incomplete; `lacking` lists what is missing. Logged at once, then less and"
        " less often.",
        ("story", "lacking", "seconds"),
    ),
    Event.STORY_READY: Description(
        "A folder is complete and no longer changing.", ("story", "seconds")
    ),
    Event.STORY_CLAIMED: Description("A folder was taken from the inbox.", ("story", "job")),
    Event.STORY_COPIED: Description(
        "A folder that may not be moved was copied. It stays in the inbox under the name"
        " `original`, and its owner may delete it.",
        ("story", "job", "original", "mend", "seconds"),
    ),
    Event.STORY_UNCLAIMABLE: Description(
        "A folder cannot be read or taken; it stays in the inbox.", ("story", "reason", "mend")
    ),
    Event.STORY_DELIVERED: Description(
        "The film is in the outbox. `seconds` counts from the claim, or from this run's start.",
        (*JOB, "film", "film_seconds", "seconds"),
    ),
    Event.STORY_FAILED: Description(
        "There is no film. The folder is in failed/, and the reasons are in it.",
        (*JOB, "kind", "folder", "problems", "seconds"),
    ),
    Event.STORY_RECOVERED: Description(
        "A story that an earlier run left unfinished continues. `attempts` were charged to it;"
        " `interruptions` are those that the machine or a killed service ended.",
        ("story", "job", "attempts", "interruptions", "state"),
    ),
    Event.STORY_PRUNED: Description(
        "A story was removed from done/ or failed/, as `[keep]` says. `days`: since anything in it"
        " last changed.",
        ("story", "folder", "days", "mib"),
    ),
    Event.RENDER_STARTED: Description("An attempt begins.", JOB),
    Event.RENDER_PROGRESS: Description(
        "How much of an attempt is done, 0 to 1. Logged every few seconds.",
        (*JOB, "stage", "done"),
    ),
    Event.RENDER_RETRYING: Description(
        "An attempt failed for a reason that may pass. The next one starts in `wait_seconds`.",
        (*JOB, "reason", "wait_seconds"),
    ),
    Event.RENDER_FINISHED: Description("An attempt has ended.", (*JOB, "outcome", "seconds")),
    Event.DISK_LOW: Description(
        "The disk is nearly full. No story is taken until there is more room.",
        ("folder", "free_mib", "needed_mib"),
    ),
    Event.DISK_OK: Description("There is enough room again.", ("folder", "free_mib")),
    Event.MUSIC_UNUSABLE: Description(
        "A track of the music library cannot be used; films get another one. Said at the start.",
        ("track", "reason"),
    ),
    Event.LIBRARY_MESSAGE: Description(
        "A library that this program uses has logged a warning or an error.", ("logger", "message")
    ),
}


def events_table() -> str:
    """The table of events and fields, in Markdown."""
    rows = []
    for event, about in EVENTS.items():
        fields = ", ".join(f"`{field}`" for field in about.fields)
        rows.append(f"| `{event}` | {fields} | {about.meaning} |")
    return "\n".join(["| event | fields | meaning |", "|---|---|---|", *rows]) + "\n"


def logger() -> FilteringBoundLogger:
    """The logger of the calling process."""
    bound: FilteringBoundLogger = structlog.get_logger()
    return bound


def seconds_since(began: float) -> float:
    """Seconds of the monotonic clock since `began`, rounded to milliseconds as in the log."""
    return round(time.monotonic() - began, 3)


KEPT_BYTES = 2**16
"""Bytes of lines that are kept while the disk of the log is full."""


# ---- setting up ----------------------------------------------------------------------------------


def setup(settings: Log, stream: TextIO | None = None) -> None:
    """Send events, and what libraries warn of, to `stream` (default: standard output)."""
    stream = stream or sys.stdout
    printer = Printer(stream)
    level = getattr(logging, settings.level.upper())
    structlog.configure(
        processors=processors(settings.format, is_terminal=stream.isatty()),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda: printer,
    )
    logging.captureWarnings(capture=True)
    logging.getLogger().handlers = [Forwarder(logging.WARNING)]


class Printer:
    """Writes lines to a stream, each at once. A line that cannot be written must stop no story.

    What a full disk does not take of them stays in a buffer until there is room again. When that is
    full too, whole lines are lost.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = buffered(stream)
        self._lock = threading.Lock()

    def msg(self, message: str) -> None:
        """Write a line, if the stream takes it."""
        with self._lock, contextlib.suppress(OSError):  # a full disk; nobody reads any more
            self._stream.write(f"{message}\n")
            self._stream.flush()

    debug = info = warning = error = critical = msg


def buffered(stream: TextIO) -> TextIO:
    """The same output with a buffer of its own, if it is a file's.

    Standard output may have none (`PYTHONUNBUFFERED`), and would lose the rest of a line.
    """
    try:
        file = stream.fileno()
    except OSError:  # io.UnsupportedOperation: it is in memory
        return stream
    return open(file, "w", KEPT_BYTES, stream.encoding, stream.errors, closefd=False)


def processors(form: str, *, is_terminal: bool) -> list[Processor]:
    """The steps from an event to a line: for people on a console, or as JSON.

    `form` is the setting `log.format`; "auto" means console on a terminal, and JSON elsewhere.
    """
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if form == "console" or (form == "auto" and is_terminal):
        console = structlog.dev.ConsoleRenderer(
            colors=is_terminal,
            # repr: an escape sequence in a story's name must not reach the terminal
            repr_native_str=True,
            pad_event_to=18,
            sort_keys=False,
        )
        return [*shared, console]
    return [
        *shared,
        structlog.processors.format_exc_info,
        in_reading_order,
        structlog.processors.JSONRenderer(),
    ]


def in_reading_order(_logger: WrappedLogger, _method: str, fields: EventDict) -> EventDict:
    """When, how serious, what, and about which story come first, so raw lines are easy to read."""
    first = {key: fields[key] for key in ("timestamp", "level", "event", *JOB) if key in fields}
    return first | {key: value for key, value in fields.items() if key not in first}


LEVELS = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL)


REPEAT_SECONDS = 60.0
"""What a library says again within this time is left out: in a rush of files, watchdog says twice
in each second that the kernel's queue has overflowed."""
MOST_REMEMBERED = 100
"""Different messages, so that they take no memory."""


class Forwarder(logging.Handler):
    """Turns what libraries log through the standard library into our event for it.

    What a library says again and again, in the same words but for the numbers and names in them, is
    logged once in `REPEAT_SECONDS`.
    """

    def __init__(self, level: int, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(level)
        self._clock = clock
        self._said: dict[tuple[str, str], float] = {}

    def is_news(self, record: logging.LogRecord) -> bool:
        """Whether this was not logged just before."""
        now = self._clock()
        words = record.name, f"{record.msg}{record.args if record.msg == '%s' else ''}"
        if now - self._said.get(words, -math.inf) < REPEAT_SECONDS:
            return False
        if len(self._said) >= MOST_REMEMBERED:
            self._said.clear()
        self._said[words] = now
        return True

    def emit(self, record: logging.LogRecord) -> None:
        """Log a record. A mistake in a library's message must not raise an error in the library."""
        if not self.is_news(record):
            return
        try:
            message = self.format(record)  # with the traceback, if there is one
        except (TypeError, ValueError, KeyError):
            message = f"{record.msg} {record.args}"
        # A library may have made up a level: take the highest of ours that is not above it.
        level = max(known for known in LEVELS if known <= max(record.levelno, min(LEVELS)))
        logger().log(level, Event.LIBRARY_MESSAGE, logger=record.name, message=message)
