"""One attempt in a confined child, as `storyreel compile` makes it. The processes are real."""

import os
import signal
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon import compiler
from daemon.attempt import Failure, Film, Kind, Order, Outcome
from daemon.config import Settings
from daemon.progress import Reporter
from daemon.workers import sandbox, seccomp
from daemon.workers.alone import compile_alone
from tests.helpers.processes import wait_until
from tests.helpers.stories import story

pytestmark = [pytest.mark.service, pytest.mark.slow]


@pytest.fixture
def order(tmp_path: Path, settings: Settings) -> Order:
    (tmp_path / "attempt").mkdir()
    source = story(tmp_path / "fox", (0.3,))
    return Order("compile", "fox", 1, source, tmp_path / "attempt", settings)


def said(what: object) -> Failure:
    """A failure that carries what a scripted attempt found out."""
    return Failure.of("compile", Kind.STORY, f"{what}", "")


def scripted(monkeypatch: pytest.MonkeyPatch, act: Callable[[Order], object]) -> None:
    """Let the child do something else than compile; it is forked, and takes this over."""

    def compile_order(order: Order, _: Reporter) -> Outcome:
        return said(act(order))

    monkeypatch.setattr(compiler, "compile_order", compile_order)


def words(outcome: Outcome) -> str:
    assert isinstance(outcome, Failure)
    return outcome.problems[0].what


def test_a_story_becomes_a_film_and_its_progress_is_reported(order: Order) -> None:
    stages: list[str] = []
    outcome = compile_alone(order, lambda stage, _: stages.append(stage))
    assert isinstance(outcome, Film)
    assert (order.attempt / "film.mp4").is_file()
    assert set(stages) <= {"intake", "film", "checking"}


ACTS: dict[str, Callable[[Order], object]] = {
    "read another file": lambda order: (order.source.parent / "private").read_text(),
    "write next to the attempt": lambda order: (order.source.parent / "new").write_text("x"),
    "write into the story": lambda order: (order.source / "new").write_text("x"),
    "open a socket": lambda _: socket.socket(),
    "start a program": lambda _: os.execv("/bin/true", ["true"]),
}


@pytest.mark.skipif(
    not (sandbox.is_supported() and seccomp.is_supported()), reason="this kernel confines nothing"
)
@pytest.mark.parametrize("what", ACTS)
def test_the_child_is_confined_without_any_service(
    order: Order, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    (order.source.parent / "private").write_text("private")

    def act(order: Order) -> str:
        try:
            ACTS[what](order)
        except PermissionError:
            return "refused"
        return "allowed"

    scripted(monkeypatch, act)
    assert words(compile_alone(order, print)) == "refused"


def test_a_child_that_dies_is_a_failure_that_says_so(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted(monkeypatch, lambda _: os.kill(os.getpid(), signal.SIGKILL))
    outcome = compile_alone(order, print)
    assert isinstance(outcome, Failure)
    assert outcome.kind is Kind.DIED
    assert "exit code -9" in words(outcome)


def test_a_child_ends_with_a_call_that_is_interrupted(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C reaches the command alone, for the child has a session of its own."""
    scripted(monkeypatch, sleep_after_saying_who)
    pid_file = order.attempt / "pid"

    def interrupt_when_it_works() -> None:
        wait_until(lambda: pid_file.is_file() and pid_file.read_text(), "the child works", 60)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt_when_it_works).start()
    with pytest.raises(KeyboardInterrupt):
        compile_alone(order, lambda *_: None)
    pid = int(pid_file.read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def sleep_after_saying_who(order: Order) -> None:
    (order.attempt / "pid").write_text(f"{os.getpid()}")
    signal.pause()
