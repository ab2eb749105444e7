"""From an inbox to a stream of settled folders: real folders, real events, and a clock of our own where time is the matter."""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import create_autospec

import pytest
from structlog.testing import LogCapture

from daemon.config import Watch
from daemon.inbox import notifications as events
from daemon.inbox import watcher
from daemon.inbox.health import Health
from daemon.inbox.view import Listing, entries_of, list_inbox
from daemon.inbox.watcher import Settled, Watcher
from tests.helpers.stories import story, write_manifest

QUICK = Watch(settle_seconds=0.15, rescan_seconds=0.15, patience_seconds=0.3)
BY_EVENTS = QUICK.model_copy(update={"rescan_seconds": 3600.0})
"""No scan but the first: whatever is found later, events have told of."""
PATIENCE = 20.0
SECONDS = (0.05, 0.05)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / "inbox").mkdir()
    return tmp_path / "inbox"


class Clock:
    """Time that passes when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Looker:
    """A watcher that looks when the test says so, on a clock of its own. A scan is what `Watcher.run` does again and again."""

    def __init__(self, inbox: Path, **watch: float) -> None:
        self.clock = Clock()
        self.settings = Watch.model_validate(
            {"settle_seconds": 5, "patience_seconds": 30, "give_up_seconds": 1000} | watch
        )
        self.watcher = Watcher(inbox, lambda: self.settings, tuple, self.clock)

    async def after(self, seconds: float) -> list[str]:
        """Let time pass, look, and return the names that are offered now."""
        self.clock.now += seconds
        await self.watcher.scan()
        offered = self.watcher._settled
        return [offered.get_nowait().name for _ in range(offered.qsize())]


@asynccontextmanager
async def watching(
    inbox: Path, watch: Watch = QUICK
) -> AsyncIterator[tuple[Watcher, AsyncIterator[Settled]]]:
    """A watcher at work, and what it offers. It may not end of its own."""
    running = Watcher(inbox, lambda: watch, tuple)
    task = asyncio.create_task(running.run())
    await asyncio.wait_for(running.first_scan.wait(), PATIENCE)
    try:
        yield running, running.settled()
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def first(stream: AsyncIterator[Settled]) -> Settled:
    return await asyncio.wait_for(anext(stream), PATIENCE)


async def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


def said(log_lines: LogCapture, event: str) -> list[Any]:
    return [line for line in log_lines.entries if line["event"] == event]


def contents(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


# ---- real time, real events -----------------------------------------------------------------------------------------------


async def test_a_folder_that_is_there_at_the_start_is_offered_as_it_is(inbox: Path) -> None:
    fox = story(inbox / "fox", SECONDS)
    async with watching(inbox, BY_EVENTS) as (_, stream):
        settled = await first(stream)
        assert (settled.name, settled.entries) == ("fox", entries_of(fox))


async def test_a_folder_that_comes_later_is_noticed_by_its_events(inbox: Path) -> None:
    async with watching(inbox, BY_EVENTS) as (_, stream):
        story(inbox / "fox", SECONDS)
        assert (await first(stream)).name == "fox"


async def test_a_folder_that_is_moved_in_whole_is_noticed_by_its_events(inbox: Path) -> None:
    fox = story(inbox.parent / "fox", SECONDS)
    async with watching(inbox, BY_EVENTS) as (_, stream):
        fox.rename(inbox / "fox")
        assert (await first(stream)).name == "fox"


async def test_the_last_file_losing_its_temporary_name_is_noticed_by_its_event(
    inbox: Path, log_lines: LogCapture
) -> None:
    fox = story(inbox / "fox", SECONDS)
    (fox / "02.png").rename(fox / "02.png.part")
    async with watching(inbox, BY_EVENTS) as (_, stream):
        await until(lambda: said(log_lines, "story.waiting"))
        (fox / "02.png.part").rename(fox / "02.png")
        assert (await first(stream)).entries == entries_of(fox)
    assert said(log_lines, "story.waiting")[0]["lacking"] == ["02.png.part", "02.png"]


async def test_with_no_event_ever_arriving_scans_alone_find_everything_and_say_so_once(
    inbox: Path, log_lines: LogCapture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "CHANGES", [])  # a real observer that lets no event through
    story(inbox / "early", SECONDS)
    async with watching(inbox) as (_, stream):
        assert (await first(stream)).name == "early"
        story(inbox / "late", SECONDS)
        shutil.rmtree(inbox / "early")
        assert (await first(stream)).name == "late"
        await until(lambda: said(log_lines, "watcher.degraded"))
        scans = len(said(log_lines, "inbox.scanned"))
        await until(lambda: len(said(log_lines, "inbox.scanned")) > scans + 3)
        assert len(said(log_lines, "watcher.degraded")) == 1
        assert said(log_lines, "watcher.recovered") == []
        monkeypatch.undo()
        await until(lambda: said(log_lines, "watcher.recovered"))


async def test_an_inbox_that_was_deleted_is_made_anew_and_watched(inbox: Path) -> None:
    async with watching(inbox) as (_, stream):
        shutil.rmtree(inbox)
        await until(inbox.is_dir)
        story(inbox / "fox", SECONDS)
        assert (await first(stream)).name == "fox"


def replace_inbox(inbox: Path) -> None:
    inbox.rename(inbox.with_name("old"))
    inbox.mkdir()


async def test_events_of_an_inbox_that_was_replaced_arrive_again(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = create_autospec(Watcher.notify, side_effect=Watcher.notify)  # it only listens
    monkeypatch.setattr(Watcher, "notify", noted)
    async with watching(inbox) as (_, stream):
        replace_inbox(inbox)
        number = 0
        while not noted.called:
            number += 1
            (inbox / f"folder-{number}").mkdir()
            await asyncio.sleep(0.1)
            assert number < 100
        story(inbox / "fox", SECONDS)
        assert (await first(stream)).name == "fox"


async def test_an_inbox_that_is_not_there_is_told_of_and_waited_for(
    tmp_path: Path, log_lines: LogCapture
) -> None:
    """The root is not mounted: nothing is made in its place."""
    async with watching(tmp_path / "mount" / "inbox") as (running, stream):
        await until(lambda: said(log_lines, "watcher.degraded"))
        looked = running.last_look
        await until(lambda: running.last_look > looked)
        assert [path.name for path in tmp_path.iterdir()] == []
        story(tmp_path / "mount" / "inbox" / "fox", SECONDS)
        assert (await first(stream)).name == "fox"
        await until(lambda: said(log_lines, "watcher.recovered"))


def copy_a_thousand_files(folder: Path) -> None:
    folder.mkdir()
    for number in range(1000):
        (folder / f"{number}.png").touch()


async def test_a_thousand_changes_are_looked_at_together(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = create_autospec(Watcher._look, side_effect=Watcher._look)  # it only counts
    monkeypatch.setattr(Watcher, "_look", looks)
    async with watching(inbox, BY_EVENTS) as (running, _):
        before = looks.call_count
        await asyncio.to_thread(copy_a_thousand_files, inbox / "fox")
        await until(lambda: looks.call_count > before and not running._dirty)
        assert looks.call_count - before < 20
    assert {"fox"} in [called.args[1] for called in looks.call_args_list[before:]]


def test_faults_count_as_degraded_when_they_follow_one_another(log_lines: LogCapture) -> None:
    health = Health(Clock())
    for fault in ["x", "x", "", "x", "x", "", "x"]:
        health.note(fault)
    assert log_lines.entries == []
    health.note("x")
    health.note("the third in a row")
    assert [line["reason"] for line in log_lines.entries] == ["the third in a row"]


async def test_at_the_end_nothing_of_ours_is_left_in_the_inbox(inbox: Path) -> None:
    async with watching(inbox):
        await until(lambda: (inbox / events.CANARY).exists())
    assert contents(inbox) == []


# ---- what is offered, and when --------------------------------------------------------------------------------------------


async def test_a_folder_is_offered_when_it_has_been_quiet_for_the_settle_time(
    inbox: Path, log_lines: LogCapture
) -> None:
    looker = Looker(inbox)
    story(inbox / "fox", SECONDS)
    assert await looker.after(0) == []
    assert looker.watcher._roster.look_times() == {"fox": 1005.0}
    assert await looker.after(4.9) == []
    assert await looker.after(0.1) == ["fox"]
    assert [line["story"] for line in said(log_lines, "story.detected")] == ["fox"]
    assert [(line["story"], line["seconds"]) for line in said(log_lines, "story.ready")] == [
        ("fox", 5.0)
    ]


async def test_a_folder_copied_file_by_file_with_long_pauses_manifest_first_is_offered_only_when_whole(
    inbox: Path,
) -> None:
    source = story(inbox.parent / "fox", SECONDS)
    looker = Looker(inbox)
    (inbox / "fox").mkdir()
    for name in [
        "manifest.json",
        *sorted(path.name for path in source.iterdir() if path.suffix != ".json"),
    ]:
        assert await looker.after(60) == []
        shutil.copy(source / name, inbox / "fox" / name)
        assert await looker.after(0) == []
    assert await looker.after(4.9) == []
    assert await looker.after(0.1) == ["fox"]


async def test_a_file_that_grows_in_bursts_keeps_its_folder_from_being_offered(inbox: Path) -> None:
    looker = Looker(inbox)
    fox = story(inbox / "fox", SECONDS)
    for _ in range(5):
        with (fox / "01.png").open("ab") as file:
            file.write(b"x")
        assert await looker.after(4.9) == []
        assert await looker.after(0) == []
    assert await looker.after(5) == ["fox"]


async def test_a_folder_that_stays_is_offered_again_ever_more_rarely(inbox: Path) -> None:
    looker = Looker(inbox)
    story(inbox / "fox", SECONDS)
    await looker.after(0)
    offers = [looker.clock.now for _ in range(3000) if await looker.after(1)]
    assert offers[0] == 1005
    assert [later - earlier for earlier, later in pairwise(offers)] == [
        5,
        10,
        20,
        40,
        80,
        160,
        320,
        600,
        600,
        600,
    ]


async def test_a_folder_that_stayed_and_changes_is_offered_afresh(inbox: Path) -> None:
    looker = Looker(inbox)
    fox = story(inbox / "fox", SECONDS)
    for _ in range(500):
        await looker.after(1)
    (fox / "notes.txt").touch()
    assert await looker.after(1) == []
    assert await looker.after(5) == ["fox"]
    assert await looker.after(5) == ["fox"]


async def test_folders_settle_each_in_its_own_time(inbox: Path) -> None:
    looker = Looker(inbox)
    story(inbox / "one", SECONDS)
    await looker.after(0)
    story(inbox / "two", SECONDS)
    await looker.after(3)
    assert await looker.after(2) == ["one"]
    shutil.rmtree(inbox / "one")
    assert await looker.after(3) == ["two"]


async def test_a_folder_that_is_gone_and_comes_again_settles_anew(
    inbox: Path, log_lines: LogCapture
) -> None:
    looker = Looker(inbox)
    fox = story(inbox / "fox", SECONDS)
    await looker.after(4)
    fox.rename(inbox / ".hidden")
    assert await looker.after(1) == []
    (inbox / ".hidden").rename(fox)
    assert await looker.after(1) == []
    assert await looker.after(5) == ["fox"]
    assert len(said(log_lines, "story.detected")) == 2


@pytest.mark.parametrize("name", [".fox", "fox.part", "fox.tmp", ".fox.AbC123"])
async def test_folders_with_hidden_and_temporary_names_are_never_offered(
    name: str, inbox: Path
) -> None:
    looker = Looker(inbox)
    story(inbox / name, SECONDS)
    looker.watcher.notify(name)
    await looker.watcher._look(looker.watcher._take_due())
    assert await looker.after(0) == await looker.after(10**6) == []


async def test_links_and_files_in_the_inbox_are_strays_and_never_offered(
    inbox: Path, log_lines: LogCapture
) -> None:
    looker = Looker(inbox)
    (inbox / "link").symlink_to(story(inbox.parent / "fox", SECONDS))
    (inbox / "video.mp4").touch()
    assert await looker.after(0) == await looker.after(10**6) == []
    [line, *_] = said(log_lines, "inbox.scanned")
    assert (line["folders"], line["strays"]) == (0, ["link", "video.mp4"])


async def test_a_torn_manifest_is_offered_after_the_patience_and_a_faulty_one_when_quiet(
    inbox: Path,
) -> None:
    looker = Looker(inbox)
    write_manifest(story(inbox / "torn", SECONDS), '{"title": "ha')
    write_manifest(story(inbox / "faulty", SECONDS), {"titel": "x"})
    await looker.after(0)
    assert await looker.after(5) == ["faulty"]
    shutil.rmtree(inbox / "faulty")
    assert await looker.after(24) == []
    assert await looker.after(1) == ["torn"]


async def test_what_lacks_files_is_told_of_ever_more_rarely_and_given_up_in_the_end(
    inbox: Path, log_lines: LogCapture
) -> None:
    looker = Looker(inbox, give_up_seconds=20_000)
    (story(inbox / "fox", SECONDS) / "02.png").unlink()
    await looker.after(0)
    offers = [looker.clock.now for _ in range(2000) if await looker.after(10)]
    assert offers[0] == 21_000
    told = said(log_lines, "story.waiting")
    assert all(
        (line["log_level"], line["story"], line["lacking"]) == ("warning", "fox", ["02.png"])
        for line in told
    )
    times = [line["seconds"] for line in told]
    assert [later - earlier for earlier, later in pairwise(times)] == [
        60,
        120,
        240,
        480,
        960,
        1920,
        3600,
        3600,
        3600,
        3600,
    ]


async def test_with_no_time_to_give_up_a_folder_is_never_offered(inbox: Path) -> None:
    looker = Looker(inbox, give_up_seconds=0)
    (inbox / "fox").mkdir()
    assert await looker.after(0) == await looker.after(10**8) == []


@pytest.mark.parametrize(
    ("missing", "shown", "last"),
    [(10, 10, "page-9.png"), (11, 11, "and 1 more"), (30, 11, "and 20 more")],
)
async def test_of_many_missing_files_ten_are_named(
    missing: int, shown: int, last: str, inbox: Path, log_lines: LogCapture
) -> None:
    looker = Looker(inbox)
    (inbox / "fox").mkdir()
    write_manifest(
        inbox / "fox",
        {"pages": [{"image": f"page-{number}.png", "duration": 1} for number in range(missing)]},
    )
    await looker.after(0)
    await looker.after(5)
    [line] = said(log_lines, "story.waiting")
    assert (len(line["lacking"]), line["lacking"][-1]) == (shown, last)


async def test_a_folder_is_pending_until_it_waits_for_files_or_is_gone(inbox: Path) -> None:
    looker = Looker(inbox)
    assert not looker.watcher.is_pending()
    fox = story(inbox / "fox", SECONDS)
    await looker.after(0)
    assert looker.watcher.is_pending()
    await looker.after(5)
    assert looker.watcher.is_pending()
    (fox / "01.png").unlink()
    await looker.after(0)
    assert looker.watcher.is_pending()
    await looker.after(5)
    assert not looker.watcher.is_pending()
    shutil.rmtree(fox)
    await looker.after(0)
    assert not looker.watcher.is_pending()


async def test_new_settings_count_for_folders_that_were_seen_before(inbox: Path) -> None:
    looker = Looker(inbox)
    (story(inbox / "fox", SECONDS) / "manifest.json").rename(inbox / "fox" / "story.json")
    await looker.after(0)
    looker.settings = Watch(settle_seconds=7, manifest="story.json")
    looker.watcher.reconsider()
    assert await looker.after(0) == []
    assert await looker.after(6.9) == []
    assert await looker.after(0.1) == ["fox"]


# ---- folders that cannot be read ------------------------------------------------------------------------------------------


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Root may read everything, so the process is nobody for a while; anybody else stays who they are."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_inbox() -> Iterator[Path]:
    """An inbox that everybody can reach: pytest's own folders belong to one user."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        (Path(folder) / "inbox").mkdir()
        (Path(folder) / "inbox").chmod(0o777)
        yield Path(folder) / "inbox"
        Path(folder).chmod(0o755)


@pytest.mark.parametrize("locked", ["owl", "owl/sub", "owl/manifest.json"])
async def test_a_folder_that_cannot_be_read_is_told_of_and_does_not_stop_the_others(
    locked: str, open_inbox: Path, log_lines: LogCapture
) -> None:
    for name in ("fox", "owl", "yak"):
        story(open_inbox / name, SECONDS)
    (open_inbox / "owl" / "sub").mkdir()
    (open_inbox / locked).chmod(0)
    looker = Looker(open_inbox)
    with ordinary_user():
        await looker.after(0)
        assert await looker.after(5) == ["fox", "yak"]
        [line] = said(log_lines, "story.unclaimable")
        assert (line["story"], line["reason"]) == ("owl", "cannot be read: Permission denied")
        assert "right to read" in line["mend"]
        await looker.after(55)
        assert len(said(log_lines, "story.unclaimable")) == 2
    (open_inbox / locked).chmod(0o755)
    with ordinary_user():
        await looker.after(0)
        assert "owl" in await looker.after(5)


@pytest.mark.parametrize("stem", ["a\\b", os.fsdecode(b"f\xfcchse")])
async def test_no_file_s_name_stops_the_watcher(stem: str, inbox: Path) -> None:
    """Manifest without pages, a picture's name with a backslash or not in UTF-8: the service ended, after each restart anew."""
    owl = story(inbox / "owl", SECONDS)
    write_manifest(owl, {})
    (owl / "01.png").rename(owl / f"{stem}.png")
    (owl / "01.wav").rename(owl / f"{stem}.wav")
    story(inbox / "fox", SECONDS)
    looker = Looker(inbox)
    await looker.after(0)
    assert "fox" in await looker.after(5)


async def test_an_inbox_behind_a_locked_door_does_not_stop_the_watcher(
    open_inbox: Path, log_lines: LogCapture
) -> None:
    """Path.exists raises what it does not know, such as EACCES, or ESTALE of a share that went away."""
    looker = Looker(open_inbox)
    checking = events.Notifications(open_inbox, lambda _: None)
    open_inbox.parent.chmod(0)
    with ordinary_user():
        for _ in range(3):
            await looker.watcher.check(checking)
            assert await looker.after(10) == []
    open_inbox.parent.chmod(0o755)
    assert len(said(log_lines, "watcher.degraded")) == 1


async def test_an_event_that_comes_while_the_inbox_is_being_listed_is_not_lost(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that comes just after the listing: its event has to outlive the scan, or it waits for the next one."""
    looker = Looker(inbox)

    def list_and_then_a_story_comes(folder: Path) -> Listing:
        listing = list_inbox(folder)
        story(inbox / "fox", SECONDS)
        looker.watcher.notify("fox")
        return listing

    monkeypatch.setattr(
        watcher, "list_inbox", list_and_then_a_story_comes
    )  # the race, at its worst instant
    await looker.watcher.scan()
    assert looker.watcher._take_due() == {"fox"}
    assert looker.watcher._wake.is_set()


async def test_settings_that_change_during_a_look_count_for_the_folders_being_looked_at(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looker = Looker(inbox)
    (story(inbox / "fox", SECONDS) / "manifest.json").rename(inbox / "fox" / "story.json")
    sight = watcher._sight

    def look_while_the_settings_change(view: Any) -> Any:
        seen = sight(view)
        looker.settings = Watch(settle_seconds=5, manifest="story.json")
        looker.watcher.reconsider()
        return seen

    monkeypatch.setattr(
        watcher, "_sight", look_while_the_settings_change
    )  # the race, at its worst instant
    await looker.after(0)
    monkeypatch.undo()
    await looker.after(1)
    assert await looker.after(5) == ["fox"]
