"""Structured logging: the events that exist, and how they reach standard output.

One line is one JSON object with an event of the table below; names from stories are values in it and are escaped, so they
cannot forge a line. `docs/events.md` is `events_table()`, and a test holds the two together. Set up again in every process.
"""

import logging
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TextIO

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from daemon.config import Log


class Event(StrEnum):
    """Everything that this program can say in its log."""

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
    STORY_DETECTED = "story.detected"
    STORY_WAITING = "story.waiting"
    STORY_READY = "story.ready"
    STORY_CLAIMED = "story.claimed"
    STORY_UNCLAIMABLE = "story.unclaimable"
    STORY_DELIVERED = "story.delivered"
    STORY_FAILED = "story.failed"
    STORY_RECOVERED = "story.recovered"
    RENDER_STARTED = "render.started"
    RENDER_PROGRESS = "render.progress"
    RENDER_RETRYING = "render.retrying"
    RENDER_FINISHED = "render.finished"
    DISK_LOW = "disk.low"
    DISK_OK = "disk.ok"
    LIBRARY_MESSAGE = "library.message"


@dataclass(frozen=True, slots=True)
class Description:
    """What an event says, and the fields that it carries beside `timestamp`, `level` and `event`."""

    meaning: str
    fields: tuple[str, ...] = ()


JOB = ("story", "job", "attempt")

EVENTS: Mapping[Event, Description] = {
    Event.SERVICE_STARTED: Description(
        "The folders are open and no other instance uses them.",
        ("version", "pid", "root", "workers", "tracks"),
    ),
    Event.SERVICE_READY: Description(
        "The first scan is done; films are being made from now on.", ("seconds",)
    ),
    Event.SERVICE_DEGRADED: Description(
        "The service works on, but without something.", ("reason", "mend")
    ),
    Event.SERVICE_RELOADED: Description(
        "SIGHUP: the settings were read again. With `problems` the old ones stay in force.",
        ("changed", "needs_restart", "problems"),
    ),
    Event.SERVICE_STOPPING: Description(
        "No more stories are taken; running ones may finish.", ("reason", "running")
    ),
    Event.SERVICE_STOPPED: Description(
        "The last line. `left` stories go on at the next start.",
        ("seconds", "delivered", "failed", "left"),
    ),
    Event.WATCHER_STARTED: Description("The inbox is being watched.", ("inbox", "rescan_seconds")),
    Event.WATCHER_DEGRADED: Description(
        "Events do not arrive; scans alone find stories, a little later.", ("reason", "mend")
    ),
    Event.WATCHER_RECOVERED: Description("Events arrive again.", ("seconds",)),
    Event.INBOX_SCANNED: Description(
        "The inbox was looked through: at the start, and on level debug each time. `strays` are no story folders.",
        ("folders", "strays", "seconds"),
    ),
    Event.STORY_DETECTED: Description("A new folder is in the inbox.", ("story",)),
    Event.STORY_WAITING: Description(
        "A folder lacks what is listed; said at once, then ever more rarely.",
        ("story", "lacking", "seconds"),
    ),
    Event.STORY_READY: Description("A folder is complete and quiet.", ("story", "seconds")),
    Event.STORY_CLAIMED: Description("A folder was taken out of the inbox.", ("story", "job")),
    Event.STORY_UNCLAIMABLE: Description(
        "A folder cannot be taken; it stays.", ("story", "reason", "mend")
    ),
    Event.STORY_DELIVERED: Description(
        "The film is in the outbox. `seconds` counts from the claim.",
        (*JOB, "film", "film_seconds", "seconds"),
    ),
    Event.STORY_FAILED: Description(
        "No film; the folder is in failed/ with the reason in it.",
        (*JOB, "kind", "folder", "problems", "seconds"),
    ),
    Event.STORY_RECOVERED: Description(
        "A story that an earlier run left unfinished goes on.",
        ("story", "job", "attempts", "state"),
    ),
    Event.RENDER_STARTED: Description("An attempt begins.", JOB),
    Event.RENDER_PROGRESS: Description(
        "How far an attempt is, 0 to 1, every few seconds.", (*JOB, "stage", "done")
    ),
    Event.RENDER_RETRYING: Description(
        "An attempt failed for a reason that may pass; another one follows.",
        (*JOB, "reason", "wait_seconds"),
    ),
    Event.RENDER_FINISHED: Description("An attempt ended.", (*JOB, "outcome", "seconds")),
    Event.DISK_LOW: Description(
        "Too little room: no story is taken until there is more.", ("free_mib", "needed_mib")
    ),
    Event.DISK_OK: Description("There is room again.", ("free_mib",)),
    Event.LIBRARY_MESSAGE: Description("A library that we use has warned.", ("logger", "message")),
}


def events_table() -> str:
    """The table of events and fields, in Markdown."""
    rows = [
        f"| `{event}` | {', '.join(f'`{field}`' for field in about.fields)} | {about.meaning} |"
        for event, about in EVENTS.items()
    ]
    return "\n".join(["| event | fields | meaning |", "|---|---|---|", *rows]) + "\n"


def logger() -> FilteringBoundLogger:
    """The logger of the calling process."""
    bound: FilteringBoundLogger = structlog.get_logger()
    return bound


def setup(settings: Log, stream: TextIO | None = None) -> None:
    """Send every event, and whatever libraries warn of, to `stream` (standard output) in the form that is set."""
    stream = stream or sys.stdout
    console = settings.format == "console" or (settings.format == "auto" and stream.isatty())
    structlog.configure(
        processors=_processors(console, colours=stream.isatty()),
        wrapper_class=structlog.make_filtering_bound_logger(
            getattr(logging, settings.level.upper())
        ),
        logger_factory=structlog.PrintLoggerFactory(stream),
    )
    logging.captureWarnings(capture=True)
    root = logging.getLogger()
    root.handlers = [_Forwarder(logging.WARNING)]


def _processors(console: bool, colours: bool) -> list[Processor]:
    shared: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if console:
        # repr: an escape sequence in a story's name must not reach the terminal
        return [
            *shared,
            structlog.dev.ConsoleRenderer(
                colors=colours, repr_native_str=True, pad_event_to=18, sort_keys=False
            ),
        ]
    return [
        *shared,
        structlog.processors.format_exc_info,
        _in_reading_order,
        structlog.processors.JSONRenderer(),
    ]


def _in_reading_order(_logger: WrappedLogger, _method: str, told: EventDict) -> EventDict:
    """When, how serious, what, about which story; then the rest: so raw lines can be read by eye."""
    first = {key: told[key] for key in ("timestamp", "level", "event", *JOB) if key in told}
    return first | {key: value for key, value in told.items() if key not in first}


LEVELS = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL)


class _Forwarder(logging.Handler):
    """Turns what libraries say through the standard library's logging into one of our events."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log a record. A library's mistake in its own message must not become an error in the library."""
        try:
            message = self.format(record)  # with the traceback, where there is one
        except (TypeError, ValueError, KeyError):
            message = f"{record.msg} {record.args}"
        level = max(known for known in LEVELS if known <= max(record.levelno, min(LEVELS)))
        logger().log(level, Event.LIBRARY_MESSAGE, logger=record.name, message=message)
