"""Faults of notifications: none at all, too few, too many, and nobody who listens to them.

Scans must find every story, and the log must say when only they do.
"""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.faults.rounds import only_long, rounds
from tests.faults.trial import Trial
from tests.helpers.processes import RunningService, wait_until

pytestmark = [pytest.mark.service, pytest.mark.slow]

QUEUE = Path("/proc/sys/fs/inotify/max_queued_events")
EVENTS_PER_FILE = 2
"""A file that is made and removed causes these at least."""

# ---- the limits of the system --------------------------------------------------------------------


def limited(limit: str, value: int) -> list[str]:
    """A command that runs another one in a user namespace with this limit (namespaces(7))."""
    unshare = ["unshare", "--user", "--map-root-user"]
    if not shutil.which("unshare") or subprocess.run([*unshare, "true"], check=False).returncode:
        pytest.skip("the limits of inotify can be set in a user namespace only")
    script = f'echo {value} >/proc/sys/user/{limit} && exec "$@"'
    return [*unshare, "sh", "-c", script, "sh"]


def set_limit(service: RunningService, limit: str, value: int) -> None:
    """Set a limit of the user namespace that a service is in."""
    enter = ["nsenter", f"--user=/proc/{service.process.pid}/ns/user", "--preserve-credentials"]
    script = f"echo {value} >/proc/sys/user/{limit}"
    subprocess.run([*enter, "sh", "-c", script], check=True)


def test_without_any_notification_stories_are_found_by_scans_and_the_log_says_so(
    trial: Trial,
) -> None:
    limit = "max_inotify_instances"
    with trial.service(under=limited(limit, 0)) as service:
        for chance in rounds("no notifications"):
            with trial.harm():
                trial.drop_some(chance)
            trial.wait()
        service.wait_for("watcher.degraded")
        set_limit(service, limit, 1)
        service.wait_for("watcher.recovered")
    trial.enter("no notifications at all")


@only_long
def test_folders_beyond_the_limit_of_watches_are_found_by_scans(trial: Trial) -> None:
    """The inbox itself is watched, so its canary comes back; a folder that is copied into it is
    not."""
    with trial.service(under=limited("max_inotify_watches", 1)):
        for chance in rounds("watch limit"):
            with trial.harm():
                folder = trial.write(f"fox-{len(trial.titles)}", (chance.uniform(0.2, 2.0),))
                shutil.copytree(folder, trial.root / "inbox" / folder.name)
            trial.wait()
    trial.enter("limit of inotify watches")


def test_stories_whose_notifications_overflow_the_queue_are_found_by_scans(trial: Trial) -> None:
    with trial.service() as service:
        for chance in rounds("queue overflow"):
            os.kill(service.process.pid, signal.SIGSTOP)
            with trial.harm():
                flood(trial.root / "inbox")
                trial.drop_some(chance)
                os.kill(service.process.pid, signal.SIGCONT)
            trial.wait()
    trial.enter("queue of notifications overflows")


def flood(inbox: Path) -> None:
    """Cause more notifications than the kernel keeps for a reader that does not read."""
    for number in range(int(QUEUE.read_text()) // EVENTS_PER_FILE + 1):
        file = inbox / f".flood-{number}"
        file.touch()
        file.unlink()


# ---- the threads that listen ---------------------------------------------------------------------

KILLS_THREADS = """
import ctypes, pathlib, signal, threading

def kill(*_):
    for thread in threading.enumerate():
        if type(thread).__module__.startswith("watchdog"):
            end = ctypes.py_object(SystemExit)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), end)
            pathlib.Path(__file__).with_name(type(thread).__name__).touch()

signal.signal(signal.SIGUSR1, kill)
"""
"""Python imports a module of this name at each start (site). No signal ends one thread alone."""


@only_long
def test_when_watchdog_s_threads_are_dead_stories_are_found_by_scans(trial: Trial) -> None:
    site = trial.folder / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(KILLS_THREADS)
    path = f"{site}:{os.environ.get('PYTHONPATH', '')}"
    with trial.service(settings={"PYTHONPATH": path}) as service:
        for chance in rounds("threads killed"):
            with trial.harm():
                os.kill(service.process.pid, signal.SIGUSR1)
                wait_until((site / "InotifyObserver").exists, "the threads are told to end")
                trial.drop_some(chance)
            trial.wait()
    trial.enter("watchdog's threads killed")
