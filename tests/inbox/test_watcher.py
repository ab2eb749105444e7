"""The loop, with real files and real notifications; `test_roster` tests what depends on time."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from unittest.mock import create_autospec

import pytest
from structlog.testing import LogCapture

from daemon.config import Watch
from daemon.inbox import notifications, watcher
from daemon.inbox.notifications import CANARY, Notifications
from daemon.inbox.readiness import Sighting
from daemon.inbox.roster import Waiting
from daemon.inbox.view import FolderView, Listing, entries_of, list_inbox
from daemon.inbox.watcher import Settled, Watcher, log_notice
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
        self._clock = Clock()
        self.watcher = Watcher(inbox, lambda: self.watch, tuple, self._clock)

    async def after(self, seconds: float) -> list[str]:
        """Let time pass, scan, and return the names that are offered."""
        self._clock.now += seconds
        await self.watcher.scan()
        names: list[str] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(0):  # what is there already is not waited for
                async for settled in self.watcher.settled():
                    names.append(settled.name)  # noqa: PERF401 - the timeout ends it
        return names


@asynccontextmanager
async def watching(
    inbox: Path, watch: Watch = QUICK
) -> AsyncIterator[tuple[Watcher, AsyncIterator[Settled]]]:
    """A running watcher, and what it offers. It must not end by itself."""
    running = Watcher(inbox, lambda: watch, tuple)
    task = asyncio.create_task(running.run())
    await asyncio.wait_for(running.first_scan.wait(), PATIENCE_SECONDS)
    try:
        yield running, running.settled()
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def first(stream: AsyncIterator[Settled]) -> Settled:
    return await asyncio.wait_for(anext(stream), PATIENCE_SECONDS)


# ---- notifications ------------------------------------------------------------------------------


async def test_a_folder_that_is_there_at_the_start_is_offered_as_it_is(inbox: Path) -> None:
    fox = story(inbox / "fox", PAGES)
    async with watching(inbox, BY_EVENTS) as (_, stream):
        settled = await first(stream)
        assert (settled.name, settled.entries) == ("fox", entries_of(fox))


async def test_a_folder_that_comes_later_is_found_by_its_notifications(inbox: Path) -> None:
    async with watching(inbox, BY_EVENTS) as (_, stream):
        story(inbox / "fox", PAGES)
        assert (await first(stream)).name == "fox"


async def test_a_folder_that_is_moved_in_whole_is_found_by_its_notification(inbox: Path) -> None:
    fox = story(inbox.parent / "fox", PAGES)
    async with watching(inbox, BY_EVENTS) as (_, stream):
        fox.rename(inbox / "fox")
        assert (await first(stream)).name == "fox"


async def test_the_last_file_losing_its_temporary_name_is_found_by_its_notification(
    inbox: Path, log_lines: LogCapture
) -> None:
    fox = story(inbox / "fox", PAGES)
    (fox / "02.png").rename(fox / "02.png.part")
    async with watching(inbox, BY_EVENTS) as (_, stream):
        await until(lambda: events(log_lines, "story.waiting"))
        (fox / "02.png.part").rename(fox / "02.png")
        assert (await first(stream)).entries == entries_of(fox)
    assert events(log_lines, "story.waiting")[0]["lacking"] == ["02.png.part", "02.png"]


async def test_without_any_notification_scans_find_everything_and_the_log_says_so_once(
    inbox: Path, log_lines: LogCapture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A real observer that lets no event through.
    monkeypatch.setattr(notifications, "CHANGES", [])
    story(inbox / "early", PAGES)
    async with watching(inbox) as (_, stream):
        assert (await first(stream)).name == "early"
        story(inbox / "late", PAGES)
        shutil.rmtree(inbox / "early")
        assert (await first(stream)).name == "late"

        await until(lambda: events(log_lines, "watcher.degraded"))
        scans = len(events(log_lines, "inbox.scanned"))
        await until(lambda: len(events(log_lines, "inbox.scanned")) > scans + 3)
        assert len(events(log_lines, "watcher.degraded")) == 1
        assert events(log_lines, "watcher.recovered") == []

        monkeypatch.undo()
        await until(lambda: events(log_lines, "watcher.recovered"))


async def test_an_inbox_that_was_deleted_is_made_and_watched_again(inbox: Path) -> None:
    async with watching(inbox) as (_, stream):
        shutil.rmtree(inbox)
        await until(inbox.is_dir)
        story(inbox / "fox", PAGES)
        assert (await first(stream)).name == "fox"


def replace_inbox(inbox: Path) -> None:
    inbox.rename(inbox.with_name("old"))
    inbox.mkdir()


async def test_notifications_of_an_inbox_that_was_replaced_arrive_again(
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
        story(inbox / "fox", PAGES)
        assert (await first(stream)).name == "fox"


async def test_a_missing_inbox_is_logged_and_waited_for(
    tmp_path: Path, log_lines: LogCapture
) -> None:
    """The root is not mounted: nothing is made in its place."""
    async with watching(tmp_path / "mount" / "inbox") as (running, stream):
        await until(lambda: events(log_lines, "watcher.degraded"))
        looked = running.last_look
        await until(lambda: running.last_look > looked)
        assert names(tmp_path) == []

        story(tmp_path / "mount" / "inbox" / "fox", PAGES)
        assert (await first(stream)).name == "fox"
        await until(lambda: events(log_lines, "watcher.recovered"))


def copy_a_thousand_files(folder: Path) -> None:
    for number in range(1000):
        (folder / f"{number}.png").touch()


async def test_a_thousand_changes_are_looked_at_together_and_nothing_else_is_looked_at(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = create_autospec(FolderView.look, side_effect=FolderView.look)  # it only counts
    (inbox / "owl").mkdir()
    (inbox / "fox").mkdir()
    async with watching(inbox, BY_EVENTS) as (running, _):
        await until(lambda: not running.is_pending())
        monkeypatch.setattr(FolderView, "look", looks)
        await asyncio.to_thread(copy_a_thousand_files, inbox / "fox")
        await until(lambda: looks.called and not running.is_pending())
    assert looks.call_count < 20
    assert {called.args[0].folder for called in looks.call_args_list} == {inbox / "fox"}


async def test_when_the_watcher_ends_nothing_of_its_own_is_left_in_the_inbox(inbox: Path) -> None:
    async with watching(inbox):
        await until(lambda: (inbox / CANARY).exists())
    assert list(inbox.iterdir()) == []


async def test_a_notification_that_comes_while_the_inbox_is_being_listed_is_not_lost(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder comes just after the listing. It must not wait for the next scan."""

    def list_and_then_a_story_comes(folder: Path) -> Listing:
        listing = list_inbox(folder)
        story(inbox / "fox", PAGES)
        running.notify("fox")
        return listing

    # The race, at its worst instant; no other notification arrives.
    monkeypatch.setattr(watcher, "list_inbox", list_and_then_a_story_comes)
    monkeypatch.setattr(notifications, "CHANGES", [])
    running = Watcher(inbox, lambda: BY_EVENTS, tuple)
    task = asyncio.create_task(running.run())
    assert (await first(running.settled())).name == "fox"
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


@pytest.mark.parametrize(
    ("missing", "shown", "last"),
    [(10, 10, "page-9.png"), (11, 11, "and 1 more"), (30, 11, "and 20 more")],
)
def test_of_many_missing_files_the_log_names_ten(
    missing: int, shown: int, last: str, log_lines: LogCapture
) -> None:
    lacking = tuple(f"page-{number}.png" for number in range(missing))
    log_notice(Waiting("fox", lacking, 5.0))
    [line] = events(log_lines, "story.waiting")
    assert (len(line["lacking"]), line["lacking"][-1]) == (shown, last)


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
    async with watching(inbox, BY_EVENTS) as (running, stream):
        for name in [*IGNORED_NAMES, "owl"]:
            story(inbox / name, PAGES)
            running.notify(name)
        assert (await first(stream)).name == "owl"
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
    look = FolderView.look

    def look_while_the_settings_change(view: FolderView) -> Sighting | None:
        seen = look(view)
        looker.watch = Watch(settle_seconds=5, manifest="story.json")
        looker.watcher.reconsider()
        return seen

    # The race, at its worst instant.
    monkeypatch.setattr(FolderView, "look", look_while_the_settings_change)
    await looker.after(0)
    monkeypatch.undo()
    assert looker.watcher.is_pending()
    assert await looker.after(1) == []
    assert await looker.after(4) == []  # the look with the old settings did not count
    assert await looker.after(1) == ["fox"]


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
        assert "permission to read" in line["mend"]
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
