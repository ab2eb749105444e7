"""The loop, with real files and real notifications; `test_roster` tests what depends on time."""

import asyncio
import os
import shutil
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from unittest.mock import create_autospec

import pytest
from structlog.testing import LogCapture

from daemon.config import Watch
from daemon.inbox import looks, notifications, quota, watcher
from daemon.inbox.entries import Entries, entries_of, fingerprint
from daemon.inbox.notifications import CANARY, Notifications
from daemon.inbox.readiness import Sighting
from daemon.inbox.view import FolderView, Listing, list_inbox
from daemon.inbox.watcher import Settled, Watcher
from tests.helpers.children import ordinary_user
from tests.helpers.folders import names
from tests.helpers.logs import events
from tests.helpers.stories import story, write_manifest
from tests.helpers.waiting import PATIENCE_SECONDS, Clock, until

QUICK = Watch(settle_seconds=0.15, rescan_seconds=0.15, patience_seconds=0.3)
BY_EVENTS = QUICK.model_copy(update={"rescan_seconds": 3600.0})
"""No scan but the first: whatever is found later was found by its notification."""
PAGES = (0.05, 0.05)
"""The seconds of each page of a story."""


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """An empty inbox."""
    (tmp_path / "inbox").mkdir()
    return tmp_path / "inbox"


class Looker:
    """A watcher that scans when the test says so, on a clock that the test moves."""

    def __init__(self, inbox: Path) -> None:
        self.watch = Watch(settle_seconds=5, patience_seconds=30, give_up_seconds=1000)
        self.clock = Clock()
        self.watcher = Watcher(inbox, lambda: self.watch, tuple, self.clock)

    async def scan_after(self, seconds: float) -> None:
        """Let time pass, and scan."""
        self.clock.now += seconds
        await self.watcher.scan()

    async def after(self, seconds: float) -> list[str]:
        """Let time pass, scan, and take what is offered; its names."""
        await self.scan_after(seconds)
        names: list[str] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(0):  # what is there already is not waited for
                while True:
                    names.append((await self.watcher.take()).name)
        return names


@asynccontextmanager
async def watching(inbox: Path, watch: Watch = QUICK) -> AsyncIterator[Watcher]:
    """A running watcher. It must not end by itself."""
    running = Watcher(inbox, lambda: watch, tuple)
    task = asyncio.create_task(running.run())
    await asyncio.wait_for(running.first_scan.wait(), PATIENCE_SECONDS)
    try:
        yield running
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def first(running: Watcher) -> Settled:
    """The folder that is offered first."""
    return await asyncio.wait_for(running.take(), PATIENCE_SECONDS)


# ---- notifications ------------------------------------------------------------------------------


async def test_a_folder_that_is_there_at_the_start_is_offered_as_it_is(inbox: Path) -> None:
    fox = story(inbox / "fox", PAGES)
    async with watching(inbox, BY_EVENTS) as running:
        settled = await first(running)
        assert (settled.name, settled.entries) == ("fox", entries_of(fox))


async def test_a_folder_that_comes_later_is_found_by_its_notifications(inbox: Path) -> None:
    async with watching(inbox, BY_EVENTS) as running:
        story(inbox / "fox", PAGES)
        assert (await first(running)).name == "fox"


async def test_a_folder_that_is_moved_in_whole_is_found_by_its_notification(inbox: Path) -> None:
    fox = story(inbox.parent / "fox", PAGES)
    async with watching(inbox, BY_EVENTS) as running:
        fox.rename(inbox / "fox")
        assert (await first(running)).name == "fox"


async def test_the_last_file_losing_its_temporary_name_is_found_by_its_notification(
    inbox: Path, log_lines: LogCapture
) -> None:
    fox = story(inbox / "fox", PAGES)
    (fox / "02.png").rename(fox / "02.png.part")
    async with watching(inbox, BY_EVENTS) as running:
        await until(lambda: events(log_lines, "story.waiting"))
        (fox / "02.png.part").rename(fox / "02.png")
        assert (await first(running)).entries == entries_of(fox)
    assert events(log_lines, "story.waiting")[0]["lacking"] == ["02.png.part", "02.png"]


async def test_without_any_notification_scans_find_everything_and_the_log_says_so_once(
    inbox: Path, log_lines: LogCapture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A real observer that lets no event through.
    monkeypatch.setattr(notifications, "CHANGES", [])
    story(inbox / "early", PAGES)
    async with watching(inbox) as running:
        assert (await first(running)).name == "early"
        story(inbox / "late", PAGES)
        shutil.rmtree(inbox / "early")
        assert (await first(running)).name == "late"

        await until(lambda: events(log_lines, "watcher.degraded"))
        scans = len(events(log_lines, "inbox.scanned"))
        await until(lambda: len(events(log_lines, "inbox.scanned")) > scans + 3)
        assert len(events(log_lines, "watcher.degraded")) == 1
        assert events(log_lines, "watcher.recovered") == []

        monkeypatch.undo()
        await until(lambda: events(log_lines, "watcher.recovered"))


async def test_an_inbox_that_was_deleted_is_made_and_watched_again(inbox: Path) -> None:
    async with watching(inbox) as running:
        shutil.rmtree(inbox)
        await until(inbox.is_dir)
        story(inbox / "fox", PAGES)
        assert (await first(running)).name == "fox"


async def test_no_inbox_is_made_where_a_disk_is_gone_and_the_log_says_so(
    tmp_path: Path, log_lines: LogCapture
) -> None:
    """N14: What was dropped into it was hidden as soon as the disk was mounted again."""
    root = tmp_path / "root"
    (root / "inbox").mkdir(parents=True)
    async with watching(root / "inbox") as running:
        root.rename(tmp_path / "away")
        root.mkdir()  # as where a disk was mounted
        await until(lambda: events(log_lines, "watcher.degraded"))
        assert names(root) == []
        root.rmdir()
        (tmp_path / "away").rename(root)
        story(root / "inbox/fox", PAGES)
        assert (await first(running)).name == "fox"
        await until(lambda: events(log_lines, "watcher.recovered"))


def replace_inbox(inbox: Path) -> None:
    inbox.rename(inbox.with_name("old"))
    inbox.mkdir()


async def test_notifications_of_an_inbox_that_was_replaced_arrive_again(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = create_autospec(Watcher.notify, side_effect=Watcher.notify)  # it only listens
    monkeypatch.setattr(Watcher, "notify", noted)
    async with watching(inbox) as running:
        replace_inbox(inbox)
        number = 0
        while not noted.called:
            number += 1
            (inbox / f"folder-{number}").mkdir()
            await asyncio.sleep(0.1)
            assert number < 100
        story(inbox / "fox", PAGES)
        assert (await first(running)).name == "fox"


async def test_a_missing_inbox_is_logged_and_waited_for(
    tmp_path: Path, log_lines: LogCapture
) -> None:
    """The root is not mounted: nothing is made in its place."""
    async with watching(tmp_path / "mount" / "inbox") as running:
        await until(lambda: events(log_lines, "watcher.degraded"))
        looked = running.last_look
        await until(lambda: running.last_look > looked)
        assert names(tmp_path) == []

        story(tmp_path / "mount" / "inbox" / "fox", PAGES)
        assert (await first(running)).name == "fox"
        await until(lambda: events(log_lines, "watcher.recovered"))


def copy_a_thousand_files(folder: Path) -> None:
    for number in range(1000):
        (folder / f"{number}.png").touch()


async def test_a_thousand_changes_are_looked_at_together_and_nothing_else_is_looked_at(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting = create_autospec(FolderView.entries, side_effect=FolderView.entries)  # it only counts
    (inbox / "owl").mkdir()
    (inbox / "fox").mkdir()
    async with watching(inbox, BY_EVENTS) as running:
        await until(lambda: not running.is_pending())
        monkeypatch.setattr(FolderView, "entries", counting)
        await asyncio.to_thread(copy_a_thousand_files, inbox / "fox")
        await until(lambda: counting.called and not running.is_pending())
    assert counting.call_count < 20
    assert {called.args[0].folder for called in counting.call_args_list} == {inbox / "fox"}


async def test_when_the_watcher_ends_nothing_of_its_own_is_left_in_the_inbox(inbox: Path) -> None:
    async with watching(inbox):
        await until(lambda: (inbox / CANARY).exists())
    assert list(inbox.iterdir()) == []


@pytest.mark.parametrize("steps", range(5))
async def test_a_wait_that_is_cancelled_while_its_event_comes_ends(steps: int) -> None:
    """N9: A service that was stopped at the instant of a notification never ended."""
    event = asyncio.Event()
    waiting = asyncio.create_task(watcher.set_within(event, 60))
    await asyncio.sleep(0.01)
    event.set()
    for _ in range(steps):
        await asyncio.sleep(0)
    if waiting.cancel():  # it had not ended
        with pytest.raises(asyncio.CancelledError):
            await waiting


async def test_a_wait_ends_with_its_event_or_its_time() -> None:
    event = asyncio.Event()
    await watcher.set_within(event, 0.01)
    event.set()
    await asyncio.wait_for(watcher.set_within(event, None), PATIENCE_SECONDS)


async def test_a_notification_that_comes_while_the_inbox_is_being_listed_is_not_lost(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder comes just after the listing. It must not wait for the next scan."""

    def list_and_then_a_story_comes(
        folder: Path, ignore: tuple[str, ...], known: set[str]
    ) -> Listing:
        listing = list_inbox(folder, ignore, known)
        story(inbox / "fox", PAGES)
        running.notify("fox")
        return listing

    # The race, at its worst instant; no other notification arrives.
    monkeypatch.setattr(watcher, "list_inbox", list_and_then_a_story_comes)
    monkeypatch.setattr(notifications, "CHANGES", [])
    running = Watcher(inbox, lambda: BY_EVENTS, tuple)
    task = asyncio.create_task(running.run())
    assert (await first(running)).name == "fox"
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_folder_that_changed_is_pending_until_it_is_looked_at(inbox: Path) -> None:
    looker = Looker(inbox)
    assert not looker.watcher.is_pending()
    looker.watcher.notify("a folder that is gone again")
    assert looker.watcher.is_pending()
    await looker.after(0)
    assert not looker.watcher.is_pending()
    story(inbox / "fox", PAGES)
    await looker.after(0)
    assert looker.watcher.is_pending()


# ---- scans, on the test's own clock -------------------------------------------------------------


async def test_the_log_says_when_a_folder_is_detected_waits_and_is_ready(
    inbox: Path, log_lines: LogCapture
) -> None:
    looker = Looker(inbox)
    fox = story(inbox / "fox", PAGES)
    picture = (fox / "02.png").rename(inbox.parent / "02.png")
    assert await looker.after(0) == []
    assert await looker.after(5) == []
    picture.rename(fox / "02.png")
    assert await looker.after(1) == []
    assert await looker.after(4.9) == []
    assert await looker.after(0.1) == ["fox"]

    [detected] = events(log_lines, "story.detected")
    assert detected["story"] == "fox"
    [waiting] = events(log_lines, "story.waiting")
    assert (waiting["log_level"], waiting["story"]) == ("warning", "fox")
    assert (waiting["lacking"], waiting["seconds"]) == (["02.png"], 5.0)
    [ready] = events(log_lines, "story.ready")
    assert (ready["story"], ready["seconds"]) == ("fox", 5.0)


async def test_a_folder_copied_file_by_file_manifest_first_is_offered_only_when_it_is_whole(
    inbox: Path,
) -> None:
    source = story(inbox.parent / "fox", PAGES)
    media = sorted(path.name for path in source.iterdir() if path.suffix != ".json")
    looker = Looker(inbox)
    (inbox / "fox").mkdir()
    for name in ["manifest.json", *media]:
        assert await looker.after(60) == []
        shutil.copy(source / name, inbox / "fox" / name)
        assert await looker.after(0) == []
    assert await looker.after(4.9) == []
    assert await looker.after(0.1) == ["fox"]


async def test_a_picture_that_grows_in_bursts_keeps_its_folder_from_being_offered(
    inbox: Path,
) -> None:
    looker = Looker(inbox)
    fox = story(inbox / "fox", PAGES)
    for _ in range(5):
        with (fox / "01.png").open("ab") as file:
            file.write(b"x")
        assert await looker.after(4.9) == []
        assert await looker.after(0) == []
    assert await looker.after(5) == ["fox"]


async def test_a_folder_that_was_hidden_for_a_while_is_detected_and_settles_again(
    inbox: Path, log_lines: LogCapture
) -> None:
    looker = Looker(inbox)
    fox = story(inbox / "fox", PAGES)
    await looker.after(4)
    fox.rename(inbox / ".hidden")
    assert await looker.after(1) == []
    (inbox / ".hidden").rename(fox)
    assert await looker.after(1) == []
    assert await looker.after(5) == ["fox"]
    assert len(events(log_lines, "story.detected")) == 2


IGNORED_NAMES = [".fox", "fox.part", "fox.tmp", ".fox.AbC123"]


@pytest.mark.parametrize("name", IGNORED_NAMES)
async def test_folders_with_hidden_and_temporary_names_are_never_offered(
    name: str, inbox: Path
) -> None:
    looker = Looker(inbox)
    story(inbox / name, PAGES)
    assert await looker.after(0) == []
    assert await looker.after(10**6) == []


async def test_notifications_of_hidden_and_temporary_names_are_ignored(
    inbox: Path, log_lines: LogCapture
) -> None:
    async with watching(inbox, BY_EVENTS) as running:
        for name in [*IGNORED_NAMES, "owl"]:
            story(inbox / name, PAGES)
            running.notify(name)
        assert (await first(running)).name == "owl"
    assert [line["story"] for line in events(log_lines, "story.detected")] == ["owl"]


async def test_links_and_files_in_the_inbox_are_strays_and_never_offered(
    inbox: Path, log_lines: LogCapture
) -> None:
    looker = Looker(inbox)
    (inbox / "link").symlink_to(story(inbox.parent / "fox", PAGES))
    (inbox / "video.mp4").touch()
    assert await looker.after(0) == []
    assert await looker.after(10**6) == []
    [line, *_] = events(log_lines, "inbox.scanned")
    assert (line["folders"], line["strays"]) == (0, ["link", "video.mp4"])


# ---- settings that change -----------------------------------------------------------------------


async def test_new_settings_count_for_folders_that_were_seen_before(inbox: Path) -> None:
    looker = Looker(inbox)
    (story(inbox / "fox", PAGES) / "manifest.json").rename(inbox / "fox" / "story.json")
    await looker.after(0)
    looker.watch = Watch(settle_seconds=7, manifest="story.json")
    looker.watcher.reconsider()
    assert await looker.after(0) == []
    assert await looker.after(6.9) == []
    assert await looker.after(0.1) == ["fox"]


async def test_settings_that_change_during_a_look_count_for_the_folders_being_looked_at(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looker = Looker(inbox)
    (story(inbox / "fox", PAGES) / "manifest.json").rename(inbox / "fox" / "story.json")
    look = FolderView.sighting
    loop = asyncio.get_running_loop()

    async def change() -> None:
        looker.watch = Watch(settle_seconds=5, manifest="story.json")
        looker.watcher.reconsider()

    def look_while_the_settings_change(view: FolderView, entries: Entries) -> Sighting | None:
        seen = look(view, entries)
        asyncio.run_coroutine_threadsafe(change(), loop).result(PATIENCE_SECONDS)
        return seen

    # The race, at its worst instant.
    monkeypatch.setattr(FolderView, "sighting", look_while_the_settings_change)
    await looker.after(0)
    monkeypatch.undo()
    assert looker.watcher.is_pending()
    assert await looker.after(1) == []
    assert await looker.after(4) == []  # the look with the old settings did not count
    assert await looker.after(1) == ["fox"]


async def test_a_shorter_time_between_scans_counts_at_once(
    inbox: Path, monkeypatch: pytest.MonkeyPatch, log_lines: LogCapture
) -> None:
    """H9: the watcher slept until the old next scan; systemd saw no sign of life meanwhile."""
    monkeypatch.setattr(notifications, "CHANGES", [])  # scans alone
    settings = [BY_EVENTS]
    running = Watcher(inbox, lambda: settings[0], tuple)
    task = asyncio.create_task(running.run())
    await asyncio.wait_for(running.first_scan.wait(), PATIENCE_SECONDS)
    settings[0] = QUICK
    running.reconsider()
    scanned = len(events(log_lines, "inbox.scanned"))
    await until(lambda: len(events(log_lines, "inbox.scanned")) > scanned + 2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_patterns_to_ignore_count_for_folders_and_for_files(inbox: Path) -> None:
    looker = Looker(inbox)
    looker.watch = Watch(settle_seconds=5, ignore=("raw*", "*.tmp"))
    story(inbox / "raw-fox", PAGES)
    (story(inbox / "fox", PAGES) / "x.tmp").touch()
    await looker.after(0)
    looker.watcher.notify("raw-fox")
    assert await looker.after(5) == ["fox"]


# ---- what is taken, refused or held -------------------------------------------------------------


async def test_what_nobody_takes_costs_a_look_and_one_line(
    inbox: Path, log_lines: LogCapture
) -> None:
    """H4: after an hour in which nobody took them, 50 ready folders were 459 offers."""
    for name in ("fox", "owl"):
        story(inbox / name, PAGES)
    looker = Looker(inbox)
    for _ in range(20):
        looker.clock.now += 300
        await looker.watcher.scan()
    assert len(events(log_lines, "story.ready")) == 2
    assert await looker.after(0) == ["fox", "owl"]


async def test_a_folder_that_is_refused_is_not_pending(inbox: Path) -> None:
    """M2: `run --once` never ended next to a folder that could not be claimed."""
    story(inbox / "fox", PAGES)
    looker = Looker(inbox)
    await looker.after(0)
    assert await looker.after(5) == ["fox"]
    assert looker.watcher.is_pending()
    looker.watcher.refuse("fox")
    assert not looker.watcher.is_pending()


async def test_a_folder_that_is_held_waits_until_it_changes(
    inbox: Path, log_lines: LogCapture
) -> None:
    fox = story(inbox / "fox", PAGES)
    looker = Looker(inbox)
    looker.watcher.hold("fox", fingerprint(entries_of(fox)), ["01.png (its SHA-256 differs)"])
    assert looker.watcher.is_pending()
    await looker.after(0)
    assert await looker.after(100) == []
    assert not looker.watcher.is_pending()
    (fox / "01.png").write_bytes(b"other bytes")
    await looker.after(0)
    assert await looker.after(5) == ["fox"]


# ---- looks that take long -----------------------------------------------------------------------


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Looks at a folder named "owl" hang until this is set."""
    go_on = threading.Event()
    entries = FolderView.entries

    def hang(view: FolderView) -> Entries | None:
        if view.folder.name == "owl":
            go_on.wait()
        return entries(view)

    monkeypatch.setattr(FolderView, "entries", hang)
    yield go_on
    go_on.set()


async def test_a_folder_whose_look_hangs_is_reported_and_holds_up_no_other(
    inbox: Path,
    hanging: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
    log_lines: LogCapture,
) -> None:
    """C2: one thread looked at everybody's folders, one after the other."""
    monkeypatch.setattr(looks, "SLOW_SECONDS", 0.02)
    monkeypatch.setattr(looks, "LATE_SECONDS", 0.1)
    (inbox / "owl").mkdir()
    story(inbox / "yak", PAGES)
    async with watching(inbox) as running:
        assert (await first(running)).name == "yak"
        await until(lambda: events(log_lines, "story.unclaimable"))
        [line] = events(log_lines, "story.unclaimable")
        assert (line["story"], line["log_level"]) == ("owl", "warning")
        assert line["reason"].startswith("a look at it has not come back for ")
        looked = running.last_look
        await until(lambda: running.last_look > looked)
        shutil.rmtree(inbox / "yak")
        await until(lambda: not running.is_pending())
        (inbox / "owl").rmdir()
        story(inbox / ".owl", PAGES).rename(inbox / "owl")
        hanging.set()
        assert (await first(running)).name == "owl"


async def test_when_no_look_comes_back_the_last_one_is_long_ago(
    inbox: Path, hanging: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C2: this is what systemd's watchdog is for. `last_look` was set whatever came back."""
    monkeypatch.setattr(looks, "SLOW_SECONDS", 0.01)
    monkeypatch.setattr(looks, "LATE_SECONDS", 0.02)
    monkeypatch.setattr(looks, "MOST_THREADS", 1)
    for name in ("owl", "yak"):
        (inbox / name).mkdir()
    running = Watcher(inbox, lambda: QUICK, tuple)
    began = running.last_look
    task = asyncio.create_task(running.run())
    await asyncio.sleep(0.3)  # many times as long as a look that does not come back is waited for
    assert running.last_look == began
    assert not running.first_scan.is_set()
    hanging.set()
    await asyncio.wait_for(running.first_scan.wait(), PATIENCE_SECONDS)
    assert running.last_look > began
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_folder_whose_looks_take_long_is_not_looked_at_all_the_time(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C2: a huge folder that changes for ever would keep a core busy, and Python's lock."""
    monkeypatch.setattr(watcher, "LONG_SECONDS", 0.0)
    monkeypatch.setattr(watcher, "RESTS", 10**9)
    counting = create_autospec(FolderView.entries, side_effect=FolderView.entries)  # it only counts
    monkeypatch.setattr(FolderView, "entries", counting)
    story(inbox / "fox", PAGES)
    watch = Watch(settle_seconds=0.1, rescan_seconds=0.5)
    async with watching(inbox, watch) as running:
        for _ in range(20):
            running.notify("fox")
            assert running.is_pending()
            await asyncio.sleep(0)
        assert (await first(running)).name == "fox"
    assert counting.call_count <= 3


async def test_a_folder_that_rests_and_does_not_change_is_not_looked_at_again(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watcher, "LONG_SECONDS", -1.0)
    monkeypatch.setattr(watcher, "RESTS", 0)
    looker = Looker(inbox)
    (inbox / "fox").mkdir()
    await looker.after(0)
    await until(lambda: not looker.watcher._resting)
    await looker.after(5)
    assert not looker.watcher.is_pending()


async def test_watches_of_folders_that_were_moved_away_do_not_pile_up(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """M1: watchdog keeps them, until the system's limit leaves new folders unwatched."""
    monkeypatch.setattr(watcher, "MOST_LEAKED", 3)
    done = inbox.with_name("done")
    done.mkdir()
    looker = Looker(inbox)
    notified = Notifications(inbox, lambda _: None)
    notified.start()
    for number in range(3):
        (inbox / f"folder-{number}").mkdir()
    await until(lambda: inotify_watches() >= 4)
    await looker.after(0)
    for number in range(3):
        (inbox / f"folder-{number}").rename(done / f"folder-{number}")
    await looker.after(0)
    await looker.watcher.check(notified)
    await until(lambda: inotify_watches() == 1)
    notified.stop()


def inotify_watches() -> int:
    """How many inotify watches this process holds."""
    found = 0
    for descriptor in Path("/proc/self/fdinfo").iterdir():
        with suppress(OSError):
            found += descriptor.read_text().count("inotify wd:")
    return found


# ---- what cannot be read ------------------------------------------------------------------------


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
async def test_a_folder_that_cannot_be_read_is_logged_and_does_not_stop_the_others(
    locked: str, open_inbox: Path, log_lines: LogCapture
) -> None:
    for name in ("fox", "owl", "yak"):
        story(open_inbox / name, PAGES)
    (open_inbox / "owl" / "sub").mkdir()
    (open_inbox / locked).chmod(0)
    looker = Looker(open_inbox)
    with ordinary_user():
        await looker.after(0)
        assert await looker.after(5) == ["fox", "yak"]
        [line] = events(log_lines, "story.unclaimable")
        assert (line["story"], line["reason"]) == ("owl", "cannot be read: Permission denied")
        assert "chmod -R a+rX" in line["mend"]
        await looker.after(55)
        assert len(events(log_lines, "story.unclaimable")) == 2

    (open_inbox / locked).chmod(0o755)
    with ordinary_user():
        await looker.after(0)
        assert "owl" in await looker.after(5)


@pytest.mark.parametrize("stem", ["a\\b", os.fsdecode(b"f\xfcchse")])
async def test_no_name_of_a_file_stops_the_watcher(stem: str, inbox: Path) -> None:
    """A manifest without pages, and a picture whose name has a backslash or is not UTF-8.

    They ended the service, and again after each restart.
    """
    owl = story(inbox / "owl", PAGES)
    write_manifest(owl, {})
    (owl / "01.png").rename(owl / f"{stem}.png")
    (owl / "01.wav").rename(owl / f"{stem}.wav")
    story(inbox / "fox", PAGES)
    looker = Looker(inbox)
    await looker.after(0)
    assert "fox" in await looker.after(5)


async def test_an_inbox_in_a_locked_folder_does_not_stop_the_watcher(
    open_inbox: Path, log_lines: LogCapture
) -> None:
    """Path.exists raises what it does not know: EACCES, or ESTALE of a share that went away."""
    looker = Looker(open_inbox)
    checked = Notifications(open_inbox, lambda _: None)
    open_inbox.parent.chmod(0)
    with ordinary_user():
        for _ in range(3):
            await looker.watcher.check(checked)
            assert await looker.after(10) == []
    open_inbox.parent.chmod(0o755)
    assert len(events(log_lines, "watcher.degraded")) == 1


# ---- glances ------------------------------------------------------------------------------------


def counted_looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the folders that are looked at from now on."""
    seen: list[str] = []
    real = FolderView.entries

    def counted(view: FolderView) -> Entries | None:
        seen.append(view.folder.name)
        return real(view)

    monkeypatch.setattr(FolderView, "entries", counted)
    return seen


async def test_a_folder_that_waits_is_only_glanced_at_until_something_comes(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """N21: ten thousand unfinished folders took a fifth of a core, in looks for nothing."""
    fox = story(inbox / "fox", PAGES)
    story(inbox / "owl", PAGES)
    (fox / "02.wav").rename(inbox.parent / "02.wav")
    looker = Looker(inbox)
    looker.watcher.trust_glances = True
    assert await looker.after(0) == []
    assert await looker.after(6) == ["owl"]

    seen = counted_looks(monkeypatch)
    for _ in range(5):
        assert "fox" not in await looker.after(10)
    assert "fox" not in seen
    (inbox.parent / "02.wav").rename(fox / "02.wav")
    assert "fox" not in await looker.after(10)
    assert await looker.after(6) == ["fox"]


async def test_a_folder_on_offer_is_only_glanced_at_until_it_is_taken_or_a_name_changes(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Thousands of stories may be ready long before a worker is."""
    fox = story(inbox / "fox", PAGES)
    looker = Looker(inbox)
    looker.watcher.trust_glances = True
    for _ in range(4):
        await looker.scan_after(3)
    seen = counted_looks(monkeypatch)
    for _ in range(5):
        await looker.scan_after(10)
    assert seen == []

    (fox / "new.part").touch()
    assert await looker.after(10) == []
    assert seen == ["fox"]
    (fox / "new.part").unlink()
    await looker.scan_after(10)
    assert await looker.after(6) == ["fox"]
    del seen[:]
    await looker.scan_after(10)
    assert seen == ["fox"], "it has been taken, and is still there: is it to be offered again?"


async def test_a_folder_on_offer_that_is_moved_away_is_not_offered(inbox: Path) -> None:
    fox = story(inbox / "fox", PAGES)
    looker = Looker(inbox)
    looker.watcher.trust_glances = True
    for _ in range(4):
        await looker.scan_after(3)
    fox.rename(inbox.parent / "fox")
    assert await looker.after(10) == []


async def test_a_folder_that_waits_is_looked_at_when_it_must_be_reported(
    inbox: Path, monkeypatch: pytest.MonkeyPatch, log_lines: LogCapture
) -> None:
    (inbox / "fox").mkdir()
    looker = Looker(inbox)
    looker.watcher.trust_glances = True
    for _ in range(20):
        await looker.after(10)
    waiting = [line for line in log_lines.entries if line["event"] == "story.waiting"]
    assert len(waiting) == 3, "at once, after one minute, and two minutes after that"


async def test_without_trust_every_folder_is_looked_at_in_every_scan(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (inbox / "fox").mkdir()
    looker = Looker(inbox)
    seen = counted_looks(monkeypatch)
    for _ in range(5):
        await looker.after(10)
    assert seen == ["fox"] * 5


async def test_a_held_folder_is_looked_at_for_any_change_of_its_files(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its names stay the same when a wrong file is written over with the right one."""
    fox = story(inbox / "fox", PAGES)
    looker = Looker(inbox)
    looker.watcher.trust_glances = True
    await looker.after(0)
    assert await looker.after(6) == ["fox"]
    looker.watcher.hold("fox", fingerprint(entries_of(fox)), ["01.png (not as declared)"])
    assert await looker.after(10) == []
    assert await looker.after(10) == []
    with (fox / "01.png").open("r+b") as file:
        file.write(b"other")
    await looker.after(10)
    assert await looker.after(6) == ["fox"]


# ---- lines --------------------------------------------------------------------------------------


async def test_thousands_of_folders_at_once_are_no_thousands_of_lines(
    inbox: Path, log_lines: LogCapture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """N22: journald drops lines after 10,000 in 30 s, also those about stories that fail."""
    monkeypatch.setattr(quota, "MOST_LINES", 20)
    for number in range(50):
        (inbox / f"fox-{number}").mkdir()
    looker = Looker(inbox)
    await looker.after(0)
    await looker.after(6)
    assert len(events(log_lines, "story.detected")) + len(events(log_lines, "story.waiting")) == 20
    assert events(log_lines, "inbox.crowded") == []
    await looker.after(54)
    (line,) = events(log_lines, "inbox.crowded")
    assert line["folders"] == 50
    assert line["more"] == {"detected": 30, "waiting": 50}
