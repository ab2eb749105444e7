"""The pool, with real and confined processes.

Whatever happens to a worker, `submit` returns an outcome and the pool goes on.
"""

import asyncio
import contextlib
import inspect
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from pebble import ProcessFuture, ProcessPool
from PIL import ImageFont

from daemon import config, progress
from daemon.attempt import Failure, Film, Kind, Order, Outcome
from daemon.config import Settings
from daemon.errors import WorkersBroken
from daemon.service.stall import until_stalled
from daemon.service.threads import Threads
from daemon.spool import Job
from daemon.workers import Workers, sandbox
from daemon.workers.local import LocalWorkers, outcome_of
from daemon.workers.worker import conditions_of
from tests.helpers.pictures import picture
from tests.helpers.processes import children, descendants, is_alive, wait_until
from tests.helpers.stories import story, write_manifest

pytestmark = pytest.mark.service

FIRST_START_SECONDS = 60.0
"""The fork server loads the codecs once; later starts are quick."""


@pytest.fixture(scope="module")
def pool_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """One worker, with the least memory that settings allow; it gets one story after the other."""
    settings = config.load(root=tmp_path_factory.mktemp("pool") / "root")
    settings.folders.work.mkdir(parents=True)
    workers = settings.workers.model_copy(update={"count": 1, "memory_mib": 1024})
    return settings.model_copy(update={"workers": workers})


@pytest.fixture(scope="module")
def workers(pool_settings: Settings) -> Iterator[LocalWorkers]:
    pool = LocalWorkers(pool_settings)
    yield pool
    pool.stop()


@pytest.fixture
def order(pool_settings: Settings, request: pytest.FixtureRequest) -> Order:
    """An order for a good story of two pages."""
    return order_for(pool_settings, request.node.name, lambda source: story(source, (0.3, 0.2)))


@pytest.fixture
def long_order(pool_settings: Settings, request: pytest.FixtureRequest) -> Order:
    """An order for a story of an hour, which no test lets finish."""
    return order_for(pool_settings, f"long {request.node.name}", long_story)


def order_for(settings: Settings, name: str, make: Callable[[Path], object]) -> Order:
    job = settings.folders.work / name.replace("/", "_")
    make(job / "source")
    (job / "attempt-1").mkdir()
    # moviepy is the slow writer, and its encoder is a process of its own.
    film = settings.film.model_copy(update={"writer": "moviepy"})
    settings = settings.model_copy(update={"film": film})
    return Order(name, name, 1, job / "source", job / "attempt-1", settings)


def long_story(source: Path) -> None:
    source.mkdir(parents=True)
    picture(source / "01.png")
    write_manifest(source, {"pages": [{"image": "01.png", "duration": 3600}], "music": False})


def worker() -> int:
    """The process id of the only worker."""
    (pid,) = pool_workers()
    return pid


def pool_workers() -> set[int]:
    """The process ids of all workers."""
    children = multiprocessing.active_children()
    return {child.pid for child in children if child.name == "pebble_pool_worker" and child.pid}


async def rendering(workers: LocalWorkers, order: Order) -> "asyncio.Task[Outcome]":
    """An attempt that is running now."""
    task = asyncio.create_task(workers.submit(order))
    await asyncio.to_thread(
        wait_until,
        lambda: progress.read(order.attempt),
        "the attempt is running",
        FIRST_START_SECONDS,
    )
    assert not task.done()
    return task


def assert_film(outcome: Outcome, order: Order) -> None:
    assert isinstance(outcome, Film), outcome
    assert (outcome.job, outcome.folder) == (order.job, order.attempt)
    assert (order.attempt / "film.mp4").stat().st_size > 1000
    assert not (order.attempt / progress.SCRATCH).exists()


async def test_a_good_story_becomes_a_film(workers: LocalWorkers, order: Order) -> None:
    assert_film(await workers.submit(order), order)


async def test_a_story_with_faults_is_a_failure_with_all_its_problems(
    workers: LocalWorkers, order: Order
) -> None:
    (order.source / "01.png").unlink()
    (order.source / "02.wav").write_bytes(b"no sound")
    outcome = await workers.submit(order)
    assert isinstance(outcome, Failure)
    assert (outcome.kind, {problem.file for problem in outcome.problems}) == (
        Kind.STORY,
        {"01.png", "02.wav"},
    )


@pytest.mark.parametrize(
    "number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM], ids=lambda number: number.name
)
async def test_a_worker_killed_by_its_story_costs_that_attempt_alone(
    workers: LocalWorkers, order: Order, long_order: Order, number: signal.Signals
) -> None:
    """It may be killed by the kernel when memory runs out, or by a bug in a codec."""
    task = await rendering(workers, long_order)
    os.kill(worker(), number)
    outcome = await task
    assert isinstance(outcome, Failure)
    assert (outcome.job, outcome.kind) == (long_order.job, Kind.DIED)
    assert outcome.retryable
    assert_film(await workers.submit(order), order)


async def test_a_story_that_takes_too_long_costs_that_attempt_alone(
    workers: LocalWorkers, order: Order, long_order: Order
) -> None:
    """H6: what stands still, here a stopped process, is ended as the supervisor does it."""
    task = await rendering(workers, long_order)
    pid = worker()
    for stopped in [pid, *children(pid)]:
        os.kill(stopped, signal.SIGSTOP)
    job = Job(long_order.job, long_order.name, long_order.source.parent, attempts=1)
    looks = Threads("look", 1, patience_seconds=60)
    await asyncio.wait_for(until_stalled(job, lambda: 0.5, looks), 30)
    assert not task.done()
    task.cancel()
    await asyncio.wait([task])
    await asyncio.to_thread(wait_until, lambda: not is_alive(pid), "the worker has ended", 20)
    assert_film(await workers.submit(order), order)


async def test_no_attempt_has_a_time_limit_of_the_wall_clock(
    pool_settings: Settings, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    """L6: setting the clock ended all running attempts; the supervisor watches their progress."""
    pool = LocalWorkers(pool_settings)
    limits: list[object] = []
    real = ProcessPool.schedule

    def schedule(*args: Any, **kwargs: Any) -> Any:
        limits.append(kwargs.get("timeout"))
        return real(*args, **kwargs)

    monkeypatch.setattr(ProcessPool, "schedule", schedule)
    try:
        assert_film(await pool.submit(order), order)
    finally:
        pool.stop()
    assert limits == [None]


async def test_cancelling_a_call_ends_its_attempt(
    workers: LocalWorkers, order: Order, long_order: Order
) -> None:
    task = await rendering(workers, long_order)
    pid = worker()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(wait_until, lambda: not is_alive(pid), "the worker has ended", 10)
    assert_film(await workers.submit(order), order)


REFUSED: dict[str, tuple[Callable[..., Any], tuple[Any, ...], type[BaseException]]] = {
    "list the root": (os.listdir, ("/",), PermissionError),
    "read a file of the system": (open, ("/etc/passwd",), PermissionError),
    "write into /tmp": (os.open, ("/tmp", os.O_TMPFILE | os.O_WRONLY), PermissionError),
    "take more memory than it may": (bytearray, (1100 * 2**20,), MemoryError),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_worker_is_confined_before_it_sees_a_story(workers: LocalWorkers, what: str) -> None:
    if "memory" not in what and not sandbox.is_supported():
        pytest.skip("this kernel has no Landlock")
    function, arguments, error = REFUSED[what]
    with pytest.raises(error):
        workers._pool.schedule(function, args=arguments).result(FIRST_START_SECONDS)


async def test_a_worker_may_read_the_font_in_the_settings_and_no_file_next_to_it(
    pool_settings: Settings, order: Order, tmp_path: Path
) -> None:
    built_in = ImageFont.load_default(10)
    assert isinstance(built_in, ImageFont.FreeTypeFont)
    font = tmp_path / "own.ttf"
    font.write_bytes(built_in.font_bytes)
    (tmp_path / "other.ttf").write_bytes(built_in.font_bytes)
    film = order.settings.film.model_copy(
        update={"font": str(font), "captions": "burned", "writer": "still-stream"}
    )
    settings = pool_settings.model_copy(update={"film": film})
    pool = LocalWorkers(settings)
    try:
        assert_film(await pool.submit(replace(order, settings=settings)), order)
        if sandbox.is_supported():
            other = pool._pool.schedule(open, args=(str(tmp_path / "other.ttf"),))
            with pytest.raises(PermissionError):
                other.result(FIRST_START_SECONDS)
    finally:
        pool.stop()


async def test_every_thread_of_a_real_worker_is_confined(
    workers: LocalWorkers, long_order: Order
) -> None:
    """H1: the thread that waits for the end of the service was started too early, and was free."""
    if not sandbox.is_supported():
        pytest.skip("this kernel has no Landlock")
    task = await rendering(workers, long_order)
    threads = [*Path(f"/proc/{worker()}/task").iterdir()]
    states = [(thread / "status").read_text() for thread in threads]
    task.cancel()
    await asyncio.wait([task])
    assert len(states) >= 2
    assert ["NoNewPrivs:\t1" in state for state in states] == [True] * len(states)


async def test_each_attempt_has_a_process_of_its_own(workers: LocalWorkers) -> None:
    """M4: a process is confined to its story for good. L11: and it gives its memory back."""
    pids = [await asyncio.wrap_future(workers._pool.schedule(os.getpid)) for _ in range(3)]
    assert len(set(pids)) == 3


async def test_a_worker_leads_a_session_of_its_own(
    workers: LocalWorkers, long_order: Order
) -> None:
    task = await rendering(workers, long_order)
    pid = worker()
    session = os.getsid(pid)
    task.cancel()
    await asyncio.wait([task])
    assert session == pid


async def test_workers_that_do_not_start_are_not_blamed_on_the_story(
    pool_settings: Settings, order: Order, tmp_path: Path
) -> None:
    """Here the folder that a worker is to be confined to is missing."""
    if not sandbox.is_supported():
        pytest.skip("without Landlock the folder is not needed")
    folders = pool_settings.folders.model_copy(update={"work": tmp_path / "gone"})
    broken = LocalWorkers(pool_settings.model_copy(update={"folders": folders}))
    with pytest.raises(WorkersBroken):
        await broken.submit(order)
    broken.stop()


@pytest.mark.parametrize(
    "error", [RuntimeError("The Pool is not active"), BrokenProcessPool("All workers expired")]
)
@pytest.mark.parametrize("when", ["given", "waiting"])
async def test_a_pool_that_breaks_while_an_order_is_given_is_not_blamed_on_the_story(
    pool_settings: Settings,
    order: Order,
    monkeypatch: pytest.MonkeyPatch,
    error: RuntimeError,
    when: str,
) -> None:
    """N7: the order's story rested for an hour, or the service stopped for one idle worker."""
    pool = LocalWorkers(pool_settings)
    first = pool._pool
    real = ProcessPool.schedule

    def schedule(self: ProcessPool, *args: Any, **kwargs: Any) -> Any:
        if self is not first:
            return real(self, *args, **kwargs)
        if when == "given":
            raise error
        future: ProcessFuture[Outcome] = ProcessFuture()
        future.set_exception(BrokenProcessPool(*error.args))
        return future

    monkeypatch.setattr(ProcessPool, "schedule", schedule)
    try:
        both = await asyncio.gather(pool.submit(order), pool.submit(order_beside(order)))
        assert [type(outcome) for outcome in both] == [Film, Film]
    finally:
        pool.stop()


def order_beside(order: Order) -> Order:
    """The same story for another attempt's folder."""
    attempt = order.attempt.with_name("attempt-2")
    attempt.mkdir()
    return replace(order, attempt=attempt)


def test_a_local_pool_has_everything_that_the_service_uses_of_workers(
    pool_settings: Settings,
) -> None:
    """The annotation lets mypy check the signatures; the names are checked here."""
    engine: Workers = LocalWorkers(pool_settings)
    required = {name for name in vars(Workers) if not name.startswith("_")}
    assert required == {"submit", "stop"}
    assert inspect.iscoroutinefunction(engine.submit)
    assert callable(engine.stop)
    assert not inspect.iscoroutinefunction(engine.stop)
    engine.stop()


def test_a_pool_that_never_ran_can_be_stopped(pool_settings: Settings) -> None:
    LocalWorkers(pool_settings).stop()


def encoders_of(pid: int) -> list[int]:
    """The descendants of a process that encode; moviepy also asks ffmpeg for its version."""

    def command(found: int) -> bytes:
        try:
            return Path(f"/proc/{found}/cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return b""

    return [found for found in descendants(pid) if b"libx264" in command(found)]


def end_all(pids: list[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("seconds", [0.0, 0.5], ids=["unnoticed", "noticed"])
async def test_an_idle_worker_that_is_killed_costs_no_attempt(
    pool_settings: Settings, order: Order, seconds: float
) -> None:
    """N10: The kernel's out-of-memory killer takes the largest process, not the busiest.

    The pool checks its processes every 0.1 s, in silence: an order may come sooner.
    """
    pool = LocalWorkers(pool_settings)
    try:
        others = pool_workers()
        first = await asyncio.wrap_future(pool._pool.schedule(os.getpid))
        await asyncio.to_thread(
            wait_until, lambda: pool_workers() - others - {first}, "the next worker is ready", 10
        )
        (pid,) = pool_workers() - others - {first}
        os.kill(pid, signal.SIGKILL)
        await asyncio.to_thread(wait_until, lambda: not is_alive(pid), "the worker has ended", 10)
        await asyncio.sleep(seconds)
        assert_film(await pool.submit(order), order)
    finally:
        pool.stop()


async def test_a_pool_that_cannot_start_is_replaced(pool_settings: Settings, order: Order) -> None:
    """N12: such as when the fork server has ended: multiprocessing then starts it again."""
    pool = LocalWorkers(pool_settings)
    pool._pool = cast("ProcessPool", BreakingPool())
    try:
        assert_film(await pool.submit(order), order)
    finally:
        pool.stop()


class LosingPool:
    """A pool that has broken just when it was given an order, which it keeps for ever."""

    @property
    def active(self) -> bool:
        return False

    def schedule(self, *_: object, **__: object) -> "Future[None]":
        return Future()


async def test_an_order_that_a_breaking_pool_has_lost_is_not_waited_for(order: Order) -> None:
    """N11"""
    losing = cast("ProcessPool", LosingPool())
    conditions = conditions_of(order.settings)
    with pytest.raises(BrokenProcessPool):
        await asyncio.wait_for(outcome_of(losing, conditions, order), 30)


async def test_an_attempt_that_ends_with_its_pool_is_not_begun_twice(
    pool_settings: Settings, order: Order
) -> None:
    """Its folder is no longer empty: the next attempt gets a new one, and is charged."""
    pool = LocalWorkers(pool_settings)
    (order.attempt / "begun").touch()
    pool._pool = cast("ProcessPool", BreakingPool())
    try:
        outcome = await pool.submit(order)
    finally:
        pool.stop()
    assert isinstance(outcome, Failure)
    assert outcome.kind is Kind.DIED


class BreakingPool(LosingPool):
    """A pool that breaks as soon as it is used."""

    @property
    def active(self) -> bool:
        raise BrokenProcessPool

    def schedule(self, *_: object, **__: object) -> "Future[None]":
        raise BrokenProcessPool

    def stop(self) -> None: ...

    def join(self) -> None: ...


@pytest.mark.parametrize("end", ["cancelled", "killed"])
async def test_the_encoder_ends_with_its_worker(
    workers: LocalWorkers, long_order: Order, end: str
) -> None:
    """With an hour of sound to encode, ffmpeg runs on long after its pipe of pictures is closed."""
    task = await rendering(workers, long_order)
    await asyncio.to_thread(wait_until, lambda: children(worker()), "the encoder runs", 30)
    encoders = children(worker())
    try:
        if end == "cancelled":
            task.cancel()
        else:
            os.kill(worker(), signal.SIGKILL)
        await asyncio.to_thread(
            wait_until, lambda: not any(map(is_alive, encoders)), "the encoder has ended", 4
        )
    finally:
        end_all(encoders)


@pytest.mark.slow
def test_no_worker_and_no_encoder_outlives_a_killed_service(
    pool_settings: Settings,
) -> None:
    order = order_for(pool_settings, "orphan", long_story)
    script = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        "from daemon import config\n"
        "from daemon.attempt import Order\n"
        "from daemon.workers.local import LocalWorkers\n"
        "if __name__ == '__main__':\n"
        "    job = Path(sys.argv[2])\n"
        "    settings = config.load(root=Path(sys.argv[1]))\n"
        "    order = Order('orphan', 'orphan', 1, job / 'source', job / 'attempt-1', settings)\n"
        "    asyncio.run(LocalWorkers(settings).submit(order))\n"
    )
    arguments = [str(pool_settings.folders.root), str(order.source.parent)]
    slow = os.environ | {"STORYREEL_FILM__WRITER": "moviepy"}
    service = subprocess.Popen([sys.executable, "-c", script, *arguments], env=slow)
    try:
        wait_until(lambda: encoders_of(service.pid), "an encoder runs", FIRST_START_SECONDS)
    finally:
        family = descendants(service.pid)
        service.kill()
        service.wait()
    try:
        assert len(family) >= 3, "a fork server, a worker, an encoder"
        wait_until(lambda: not any(map(is_alive, family)), "all of them have ended", 4)
    finally:
        end_all(family)
