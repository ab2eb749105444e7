"""The child's side: its conditions from the settings, its preparation, its work on an order."""

import json
import os
import pickle
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from daemon import compiler
from daemon.attempt import Failure, Film, Kind, Order, Outcome
from daemon.config import Settings
from daemon.log import Event, logger
from daemon.progress import SCRATCH, Reporter
from daemon.workers import sandbox, worker
from tests.conftest import SettingsMaker
from tests.helpers.children import in_child
from tests.helpers.stories import story


@pytest.fixture
def prepared(settings: Settings) -> Settings:
    """Settings whose work folder exists."""
    settings.folders.work.mkdir(parents=True)
    return settings


def order_for(settings: Settings, source: Path) -> Order:
    attempt = settings.folders.work / "job" / "attempt-1"
    attempt.mkdir(parents=True)
    return Order("job", "the-fox", 1, source, attempt, settings)


# ---- conditions ----------------------------------------------------------------------------------


def test_a_worker_may_write_to_the_work_folder_and_read_the_music(settings: Settings) -> None:
    conditions = worker.conditions_of(settings)
    assert conditions.writable == settings.folders.work
    assert conditions.readable == (settings.music.library,)
    assert conditions.memory_mib == settings.workers.memory_mib
    assert conditions.log == settings.log


def test_a_worker_ends_with_the_process_that_makes_the_conditions(settings: Settings) -> None:
    assert worker.conditions_of(settings).service == os.getpid()


def test_a_font_in_the_settings_is_readable_too(make_settings: SettingsMaker) -> None:
    settings = make_settings(film={"font": "/fonts/own.ttf"})
    readable = worker.conditions_of(settings).readable
    assert readable == (settings.music.library, Path("/fonts/own.ttf"))


def test_conditions_reach_a_worker_unchanged(settings: Settings) -> None:
    conditions = worker.conditions_of(settings)
    assert pickle.loads(pickle.dumps(conditions)) == conditions


# ---- preparation ---------------------------------------------------------------------------------


def test_a_prepared_worker_logs_in_the_form_of_the_settings(prepared: Settings) -> None:
    def body() -> str:
        read, write = os.pipe()
        sys.stdout = os.fdopen(write, "w")
        worker.set_up(worker.conditions_of(prepared))
        logger().warning(Event.LIBRARY_MESSAGE, logger="some.library", message="careful")
        sys.stdout.flush()
        return os.read(read, 10_000).decode()

    ended = in_child(body)
    assert ended.code == 0, ended.said
    line = json.loads(ended.said)
    assert (line["event"], line["message"]) == ("library.message", "careful")


def test_a_prepared_worker_has_its_session_its_memory_limit_and_its_files(
    prepared: Settings, tmp_path: Path
) -> None:
    """Each limit alone is tested with the sandbox; this shows that a worker has all of them."""
    (tmp_path / "private").write_text("private")

    def body() -> str:
        worker.set_up(worker.conditions_of(prepared))
        has_session = os.getsid(0) == os.getpid()
        try:
            bytearray(prepared.workers.memory_mib * 2**20)
            has_limit = False
        except MemoryError:
            has_limit = True
        try:
            (tmp_path / "private").read_text()
            is_confined = False
        except PermissionError:
            is_confined = True
        (prepared.folders.work / "note").write_text("written")
        return f"{has_session} {has_limit} {is_confined}"

    ended = in_child(body)
    assert ended.code == 0, ended.said
    assert ended.said == f"True True {sandbox.is_supported()}"


@pytest.mark.skipif(os.cpu_count() == 1, reason="on one core there is nothing to set aside")
def test_what_is_preloaded_takes_no_memory_for_each_core() -> None:
    """N16: With the least memory that settings allow, no worker could start on two cores."""
    program = f"import {', '.join(worker.PRELOADED)}; print(open('/proc/self/status').read())"
    environment = os.environ | worker.ENVIRONMENT
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    [kibibytes] = re.findall(r"VmData:\s*(\d+) kB", done.stdout)
    assert int(kibibytes) < 150 * 2**10


@pytest.mark.skipif(not sandbox.is_supported(), reason="this kernel has no Landlock")
def test_every_thread_of_a_prepared_worker_is_confined(prepared: Settings) -> None:
    """H1: Landlock binds the thread that asks for it, and what that thread starts later.

    A thread that was started before stays free, and code in the worker can make it run. The kernel
    lets no thread confine itself that has not given up new privileges, so that shows which are.
    """

    def body() -> str:
        worker.set_up(worker.conditions_of(prepared))
        states = [task.joinpath("status").read_text() for task in tasks()]
        return " ".join(state.split("NoNewPrivs:")[1].split()[0] for state in states)

    def tasks() -> list[Path]:
        return sorted(Path("/proc/self/task").iterdir())

    ended = in_child(body)
    assert ended.code == 0, ended.said
    assert ended.said == "1", "one thread, because it is confined once more with its order"


@pytest.mark.skipif(not sandbox.is_supported(), reason="this kernel has no Landlock")
def test_every_thread_of_a_worker_is_confined_to_its_own_story(
    prepared: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M4 and H1: it reaches no other job, whichever thread asks; and a story is compiled so."""
    order = order_for(prepared, story(tmp_path / "the-fox", (0.3,)))
    other = prepared.folders.work / "other"
    other.mkdir()

    def compile_order(order: Order, _: Reporter) -> Outcome:
        allowed = [may_write(order.attempt), may_write(other)]
        thread = threading.Thread(target=lambda: allowed.append(may_write(other)))
        thread.start()
        thread.join()
        return Failure.of(order.job, Kind.PROGRAM, str(allowed), "")

    monkeypatch.setattr(compiler, "compile_order", compile_order)

    def body() -> str:
        conditions = worker.conditions_of(prepared)
        worker.set_up(conditions)
        assert may_write(other), "as yet"
        outcome = worker.work(conditions, order)
        assert isinstance(outcome, Failure)
        return outcome.problems[0].what

    ended = in_child(body)
    assert ended.code == 0, ended.said
    assert ended.said == "[True, False, False]"


def may_write(folder: Path) -> bool:
    try:
        (folder / "note").write_text("written")
    except PermissionError:
        return False
    return True


def test_a_prepared_worker_is_killed_before_the_service_when_memory_runs_out(
    prepared: Settings,
) -> None:
    """H7: the kernel's out-of-memory killer takes the process with the highest score."""

    def body() -> str:
        worker.set_up(worker.conditions_of(prepared))
        return Path("/proc/self/oom_score_adj").read_text()

    ended = in_child(body)
    assert ended.code == 0, ended.said
    assert int(ended.said) == sandbox.FIRST_TO_END


def test_without_landlock_a_worker_prepares_all_the_same(
    prepared: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "is_supported", lambda: False)
    (tmp_path / "private").write_text("readable")

    def body() -> str:
        worker.set_up(worker.conditions_of(prepared))
        return (tmp_path / "private").read_text()

    assert in_child(body).said == "readable"


# ---- work ----------------------------------------------------------------------------------------


def work_on(settings: Settings, order: Order) -> Outcome:
    """What a worker makes of an order, in a child: it confines the process for good."""
    path = order.attempt.parent / "outcome"

    def body() -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
        outcome = worker.work(worker.conditions_of(settings), order)
        os.write(descriptor, pickle.dumps(outcome))

    ended = in_child(body)
    assert ended.code == 0, ended.said
    outcome: Outcome = pickle.loads(path.read_bytes())
    return outcome


def test_work_makes_a_film_and_removes_its_progress_with_the_scratch_folder(
    settings: Settings, tmp_path: Path
) -> None:
    order = order_for(settings, story(tmp_path / "the-fox", (0.3,)))
    outcome = work_on(settings, order)
    assert isinstance(outcome, Film), outcome
    assert (outcome.job, outcome.folder) == ("job", order.attempt)
    assert not (order.attempt / SCRATCH).exists()


@pytest.mark.parametrize("gone", ["source", "attempt"])
def test_an_error_in_an_attempt_is_an_outcome_and_never_raised(
    settings: Settings, tmp_path: Path, gone: str
) -> None:
    order = order_for(settings, story(tmp_path / "the-fox", (0.3,)))
    getattr(order, gone).rename(tmp_path / "elsewhere")
    outcome = work_on(settings, order)
    assert isinstance(outcome, Failure)
    assert outcome.kind is Kind.MACHINE
    assert outcome.problems


def test_importing_the_childs_side_does_not_load_the_codecs() -> None:
    """The service imports it for the conditions, and never decodes anything itself."""
    script = (
        "import sys\n"
        "import daemon.workers.worker\n"
        "print(sorted({'av', 'moviepy', 'daemon.compiler'} & set(sys.modules)))\n"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "[]\n", done.stderr
