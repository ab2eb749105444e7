"""The service from end to end: the real process, real folders, real signals."""

import json
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import pytest
from ttf_opensans import OPENSANS_REGULAR

from daemon.config import Music
from daemon.log import EVENTS, Event
from daemon.media.library import library
from tests.helpers.folders import names
from tests.helpers.pictures import picture
from tests.helpers.processes import (
    FAST,
    descendants,
    running_service,
    status,
    storyreel,
    wait_until,
)
from tests.helpers.sounds import sine, wav
from tests.helpers.stories import read_manifest, story, write_manifest

pytestmark = pytest.mark.service

SLOWLY = {"STORYREEL_FILM__WRITER": "moviepy"}
"""For tests that interrupt a running attempt: the default writer would be done too soon."""

STILL_WRITTEN = "01.wav (somebody is still writing it)"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


def delivered(root: Path) -> list[str]:
    """The names in the outbox."""
    return sorted(path.name for path in (root / "outbox").glob("*"))


def drop(folder: Path, root: Path) -> None:
    """Put a whole folder into the inbox by one rename."""
    (root / "inbox").mkdir(parents=True, exist_ok=True)
    shutil.copytree(folder, root / "inbox" / f".{folder.name}")
    (root / "inbox" / f".{folder.name}").rename(root / "inbox" / folder.name)


def film_seconds(root: Path, name: str) -> float:
    with av.open(root / "outbox" / name / f"{name}.mp4") as film:
        assert film.duration is not None
        return film.duration / av.time_base


def test_a_folder_moved_in_becomes_a_film_and_its_source_is_kept(
    root: Path, tmp_path: Path
) -> None:
    folder = story(tmp_path / "the-fox", (0.4, 0.6))
    with running_service(root) as service:
        drop(folder, root)
        line = service.wait_for("story.delivered")
    assert line["story"] == "the-fox"
    assert names(root / "outbox/the-fox") == [
        "report.json",
        "the-fox.chapters.txt",
        "the-fox.jpg",
        "the-fox.mp4",
        "the-fox.srt",
        "the-fox.vtt",
    ]
    assert abs(film_seconds(root, "the-fox") - (0.4 + 0.6 + 2 * 0.5)) <= 1 / 24
    assert read_manifest(root / "done/the-fox") == read_manifest(folder)
    assert [*(root / "inbox").glob("[!.]*")] == []
    assert names(root / "work") == [".lock"]


@pytest.mark.slow
def test_a_folder_copied_file_by_file_is_claimed_only_when_it_is_complete(
    root: Path, tmp_path: Path
) -> None:
    folder = story(tmp_path / "slow", (0.4, 0.4))
    with running_service(root) as service:
        (root / "inbox/slow").mkdir()
        for name in ("manifest.json", "01.png", "01.wav", "02.png", "02.wav"):
            assert service.events("story.claimed") == []
            shutil.copy(folder / name, root / "inbox/slow" / name)
            # The pause is what this test is about: the folder is quiet, and not complete.
            time.sleep(2 * float(FAST["STORYREEL_WATCH__SETTLE_SECONDS"]))
        service.wait_for("story.delivered")
        assert service.wait_for("story.waiting")["lacking"] == [
            "01.png",
            "01.wav",
            "02.png",
            "02.wav",
        ]
    assert delivered(root) == ["slow"]


@pytest.mark.slow
def test_stories_renamed_from_part_or_dropped_before_the_start_are_delivered_once(
    root: Path, tmp_path: Path
) -> None:
    early = story(tmp_path / "early", (0.4,))
    late = story(tmp_path / "late", (0.4,))
    drop(early, root)
    with running_service(root) as service:
        service.wait_for("story.delivered", story="early")
        shutil.copytree(late, root / "inbox/late.part")
        time.sleep(2)  # several scans see the unfinished name
        assert [line["story"] for line in service.events("story.detected")] == ["early"]
        (root / "inbox/late.part").rename(root / "inbox/late")
        service.wait_for("story.delivered", story="late")
        time.sleep(2)  # several scans could deliver one of them again
        assert len(service.events("story.delivered")) == 2
    assert delivered(root) == ["early", "late"]


def status_while_a_film_is_written(root: Path) -> dict[str, Any]:
    """Wait until the only story at work is at the stage "film"; the status that said so."""
    seen: dict[str, Any] = {}

    def is_being_written() -> bool:
        seen.update(status(root))
        return [job["stage"] for job in seen["work"]] == ["film"]

    wait_until(is_being_written, "the film is being written")
    return seen


@pytest.mark.slow
def test_a_service_killed_during_an_attempt_continues_it_and_delivers_once(
    root: Path, tmp_path: Path
) -> None:
    folder = story(tmp_path / "long", (60.0, 60.0))
    with running_service(root, **SLOWLY) as service:
        drop(folder, root)
        before = status_while_a_film_is_written(root)
        service.kill()
    assert before["running"] is True
    assert [(job["story"], job["state"], job["attempt"]) for job in before["work"]] == [
        ("long", "rendering", 1)
    ]
    after = status(root)
    assert after["running"] is False
    assert [(job["story"], job["state"]) for job in after["work"]] == [("long", "interrupted")]
    assert (after["outbox"], after["done"], after["failed"]) == (0, 0, [])
    with running_service(root) as service:
        line = service.wait_for("story.recovered")
        assert (line["attempts"], line["interruptions"]) == (0, 1)
        assert service.wait_for("story.delivered")["attempt"] == 1
    assert delivered(root) == ["long"]
    assert status(root)["work"] == []


def test_a_mixed_batch_gives_a_film_for_each_good_story_and_reasons_for_the_others(
    root: Path, tmp_path: Path
) -> None:
    """Twenty stories, five of them broken in different ways. None affects another."""
    faults: dict[str, Callable[[Path], object]] = {
        "not-json": lambda folder: write_manifest(folder, '{"pages": ['),
        "unknown-key": lambda folder: write_manifest(
            folder, read_manifest(folder) | {"titel": "Fox"}
        ),
        "no-sound": lambda folder: (folder / "01.wav").write_bytes(b"this is no sound"),
        "leaves": lambda folder: write_manifest(
            folder, {"pages": [{"image": "../../secret.png", "duration": 1}]}
        ),
        "empty-picture": lambda folder: (folder / "01.png").write_bytes(b""),
    }
    reasons = {
        "not-json": "not JSON",
        "unknown-key": 'unknown key "titel"',
        "no-sound": "not a sound file",
        "leaves": "leaves the story's folder",
        "empty-picture": "empty",
    }
    good = [f"good-{number}" for number in range(15)]
    for name in [*good, *faults]:
        folder = story(tmp_path / "made" / name, (0.3,))
        if fault := faults.get(name):
            fault(folder)
    with running_service(root) as service:
        for name in sorted([*good, *faults]):
            drop(tmp_path / "made" / name, root)
        service.wait_for("story.delivered", count=15)
        service.wait_for("story.failed", count=5)
    assert delivered(root) == sorted(good)
    assert names(root / "failed") == sorted(faults)
    for name, reason in reasons.items():
        assert reason in (root / "failed" / name / "WHY.txt").read_text()
        [problem] = json.loads((root / "failed" / name / "error.json").read_text())["problems"]
        assert reason in problem["what"]
        assert problem["mend"]


def test_every_line_of_output_is_json_with_a_documented_event_and_its_fields(
    root: Path, tmp_path: Path
) -> None:
    evil = 'evil\n{"event": "story.delivered"}\x1b[31m'
    with running_service(root, STORYREEL_LOG__LEVEL="debug") as service:
        drop(story(tmp_path / evil, (0.3,)), root)
        drop(story(tmp_path / "broken", (0.3,), unknown=1), root)
        service.wait_for("story.delivered", story=evil)
        service.wait_for("story.failed", story="broken")
        service.stop()
    assert len({line["event"] for line in service.lines()}) >= 12
    for line in service.lines():
        fields = line.keys() - {"timestamp", "level", "event"}
        assert fields == set(EVENTS[Event(line["event"])].fields)


def test_on_a_stop_running_stories_are_finished(root: Path, tmp_path: Path) -> None:
    with running_service(root) as service:
        drop(story(tmp_path / "running", (3.0,)), root)
        service.wait_for("render.started")
        assert service.stop() == 0
    assert delivered(root) == ["running"]
    assert service.lines()[-1]["event"] == "service.stopped"


@pytest.mark.slow
def test_on_a_stop_a_story_that_does_not_finish_in_time_stays_uncharged(
    root: Path, tmp_path: Path
) -> None:
    with running_service(root, STORYREEL_WORKERS__DRAIN_SECONDS="0.2", **SLOWLY) as service:
        drop(story(tmp_path / "long", (60.0, 60.0)), root)
        service.wait_for("render.started")
        assert service.stop() == 0
    [job] = status(root)["work"]
    assert (job["story"], job["attempt"], job["state"]) == ("long", 0, "interrupted")
    assert service.lines()[-1]["left"] == 1


def test_a_second_instance_on_the_same_root_exits_with_75_and_changes_nothing(root: Path) -> None:
    with running_service(root) as service:
        second = storyreel("run", "--root", str(root))
        assert second.returncode == 75
        assert "another storyreel works on" in second.stderr
        assert service.process.poll() is None


def test_sighup_takes_over_new_settings_unless_they_are_wrong(root: Path, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[film]\nfps = 24\n")
    (tmp_path / "other").mkdir()
    with running_service(root, "--config", str(config)) as service:
        config.write_text("[film]\nfps = 0\n")
        service.process.send_signal(signal.SIGHUP)
        assert "film.fps" in service.wait_for("service.reloaded")["problems"][0]
        wav(tmp_path / "other" / "track.wav", sine(1.0))
        shutil.copy(OPENSANS_REGULAR.path, tmp_path / "other.ttf")
        config.write_text(
            '[film]\nfps = 12\nfont = "other.ttf"\n'
            "[workers]\ncount = 1\n"
            '[music]\nfolder = "other"\n'
        )
        service.process.send_signal(signal.SIGHUP)
        line = service.wait_for("service.reloaded", count=2)
        assert line["changed"] == ["film.fps", "film.font", "music.folder", "workers.count"]
        assert line["needs_restart"] == ["film.font", "music.folder", "workers.count"]
        drop(story(tmp_path / "slower", (0.4,), music=None), root)
        service.wait_for("story.delivered")
    report = json.loads((root / "outbox/slower/report.json").read_text())
    assert report["film"]["fps"] == 12
    assert report["settings"]["font"] == "", "workers may read the new font after the next start"
    assert report["music"] in {track.name for track in library(Music().library)}, (
        "the new library is used after the next start"
    )


@pytest.mark.slow
def test_run_once_compiles_what_is_ready_and_its_exit_code_reports_failures(
    root: Path, tmp_path: Path
) -> None:
    drop(story(tmp_path / "fine", (0.3,)), root)
    (root / "inbox/incomplete").mkdir()
    assert storyreel("run", "--once", "--root", str(root), **FAST).returncode == 0
    drop(story(tmp_path / "wrong", (0.3,), unknown=1), root)
    assert storyreel("run", "--once", "--root", str(root), **FAST).returncode == 1
    assert delivered(root) == ["fine"]
    assert (root / "inbox/incomplete").is_dir()
    assert (root / "failed/wrong/WHY.txt").is_file()


@pytest.mark.slow
def test_no_worker_outlives_a_killed_service(root: Path, tmp_path: Path) -> None:
    with running_service(root, **SLOWLY) as service:
        drop(story(tmp_path / "long", (60.0, 60.0)), root)
        status_while_a_film_is_written(root)
        workers = descendants(service.process.pid)
        assert len(workers) >= 2
        service.kill()
    wait_until(
        lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers),
        "all workers have ended",
        10,
    )


@pytest.mark.slow
def test_a_copy_that_stalls_and_goes_on_becomes_a_whole_film(root: Path, tmp_path: Path) -> None:
    """H8: the film had half a narration, and nobody was told."""
    folder = story(tmp_path / "fox", (4.0, 20.0))
    whole = (folder / "01.wav").read_bytes()
    (root / "inbox").mkdir(parents=True)
    with running_service(root, **SLOWLY) as service:
        shutil.copytree(folder, root / "inbox/fox", ignore=shutil.ignore_patterns("01.wav"))
        (root / "inbox/fox/01.wav").write_bytes(whole[: len(whole) // 2])
        service.wait_for("render.started")
        # Opened again for each part, as by the server of an NFS client.
        with next((root / "work").glob("*/source/01.wav")).open("ab") as copy:
            copy.write(whole[len(whole) // 2 :])
        assert "somebody wrote" in service.wait_for("render.retrying")["reason"]
        assert service.wait_for("story.delivered")["attempt"] == 1
    report = json.loads((root / "outbox/fox/report.json").read_text())
    assert report["pages"][0]["narration_seconds"] == 4.0
    assert (root / "done/fox/01.wav").read_bytes() == whole


@pytest.mark.slow
def test_a_copy_that_stalls_with_its_file_open_is_waited_for(root: Path, tmp_path: Path) -> None:
    """H8: the kernel knows who is still writing, however long nothing comes."""
    folder = story(tmp_path / "fox", (1.0, 1.0))
    whole = (folder / "01.wav").read_bytes()
    (root / "inbox").mkdir(parents=True)
    with running_service(root) as service:
        shutil.copytree(folder, root / "inbox/fox", ignore=shutil.ignore_patterns("01.wav"))
        with (root / "inbox/fox/01.wav").open("wb") as copy:
            copy.write(whole[: len(whole) // 2])
            copy.flush()
            line = service.wait_for("story.waiting", lacking=[STILL_WRITTEN])
            assert service.events("story.claimed") == []
            copy.write(whole[len(whole) // 2 :])
        assert service.wait_for("story.delivered")["attempt"] == 1
        assert service.events("render.retrying") == []
    assert line["story"] == "fox"
    assert (root / "done/fox/01.wav").read_bytes() == whole


@pytest.mark.slow
def test_stories_that_wait_stay_in_the_inbox(root: Path, tmp_path: Path) -> None:
    """H4: the inbox is the queue, and what waits in it can still be withdrawn."""
    for number in range(6):
        drop(story(tmp_path / f"fox-{number}", (60.0,)), root)
    with running_service(root, STORYREEL_WORKERS__DRAIN_SECONDS="0", **SLOWLY) as service:
        service.wait_for("story.claimed", count=4)
        service.wait_for("story.ready", count=6)
        waiting = sorted(path.name for path in (root / "inbox").glob("[!.]*"))
        assert len(waiting) == 2
        assert len(service.events("story.claimed")) == 4
        assert service.stop() == 0


def test_strange_things_in_work_do_not_keep_the_service_from_starting(
    root: Path, tmp_path: Path
) -> None:
    """H2: a link to a folder, or a folder that is not a job, ended each start with a traceback."""
    (tmp_path / "elsewhere").mkdir()
    (root / "work").mkdir(parents=True)
    (root / "work/link").symlink_to(tmp_path / "elsewhere")
    (root / "outbox/evil").mkdir(parents=True)
    (root / "outbox/evil/report.json").write_text(100_000 * "[")
    with running_service(root) as service:
        drop(story(tmp_path / "fox", (0.3,)), root)
        service.wait_for("story.delivered")
        assert service.stop() == 0
    assert (tmp_path / "elsewhere").is_dir()


def test_a_folder_of_the_same_name_in_the_outbox_is_never_overwritten(
    root: Path, tmp_path: Path
) -> None:
    (root / "outbox/fox").mkdir(parents=True)
    (root / "outbox/fox/precious").write_text("mine")
    with running_service(root) as service:
        drop(story(tmp_path / "fox", (0.3,)), root)
        service.wait_for("story.delivered")
    assert delivered(root) == ["fox", "fox-2"]
    assert names(root / "outbox/fox") == ["precious"]
    assert (root / "outbox/fox-2/fox-2.mp4").is_file()


def test_pictures_with_durations_and_no_sound_make_a_silent_film(
    root: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "silent"
    folder.mkdir()
    picture(folder / "a.png")
    write_manifest(folder, {"pages": [{"image": "a.png", "duration": 1.5}], "music": False})
    with running_service(root) as service:
        drop(folder, root)
        service.wait_for("story.delivered")
    assert abs(film_seconds(root, "silent") - 1.5) <= 1 / 24


def test_without_pages_pictures_and_sounds_are_paired_by_name_in_natural_order(
    root: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "paired"
    folder.mkdir()
    for number in (1, 2, 10):
        picture(folder / f"{number}.png")
        wav(folder / f"{number}.wav", sine(number / 10))
    write_manifest(folder, {"music": False})
    with running_service(root) as service:
        drop(folder, root)
        service.wait_for("story.delivered")
    pages = json.loads((root / "outbox/paired/report.json").read_text())["pages"]
    assert [page["narration_seconds"] for page in pages] == [0.1, 0.2, 1.0]


def test_wrong_settings_end_the_service_with_78_and_a_list_of_all_faults(
    root: Path, tmp_path: Path
) -> None:
    config = tmp_path / "config.toml"
    config.write_text("[film]\nfps = 0\n[watch]\nsettle = 1\n")
    done = storyreel("run", "--root", str(root), "--config", str(config))
    assert done.returncode == 78
    assert "film.fps" in done.stderr
    assert 'unknown key "settle"' in done.stderr


def test_a_story_whose_file_is_not_as_declared_waits_also_over_a_restart(
    root: Path, tmp_path: Path
) -> None:
    """N20: It was claimed, copied and given back once more at each start."""
    folder = story(tmp_path / "fox", (0.4,), files={"01.png": {"sha256": "0" * 64}})
    with running_service(root) as service:
        drop(folder, root)
        service.wait_for("story.waiting", story="fox")
    with running_service(root) as service:
        service.wait_for("story.detected", story="fox")
        drop(story(tmp_path / "owl", (0.4,)), root)
        service.wait_for("story.delivered", story="owl")
        assert [line["story"] for line in service.events("story.claimed")] == ["owl"]
        (arriving,) = status(root)["inbox"]
        assert (arriving["story"], arriving["state"]) == ("fox", "waiting")
        manifest = read_manifest(root / "inbox/fox")
        write_manifest(root / "inbox/fox", manifest | {"files": {}})
        service.wait_for("story.delivered", story="fox")


# ---- the music library ---------------------------------------------------------------------------


def test_a_track_that_cannot_be_used_is_said_once_and_costs_no_story(
    root: Path, tmp_path: Path
) -> None:
    """M6: a library of a broken and a good track failed four of five stories."""
    music = tmp_path / "music"
    (music / "calm").mkdir(parents=True)
    wav(music / "calm/good.wav", sine(2.0))
    (music / "calm/broken.ogg").write_bytes(b"no sound")
    titles = [f"fox-{number}" for number in range(4)]
    with running_service(root, STORYREEL_MUSIC__FOLDER=str(music)) as service:
        line = service.wait_for("music.unusable")
        for title in titles:
            drop(story(tmp_path / title, (0.2,), title=title, music={"mood": "calm"}), root)
        for title in titles:
            service.wait_for("story.delivered", story=title)
    assert line["track"] == "calm/broken.ogg"
    assert "not a sound file of a known kind" in line["reason"]
    assert len(service.events("music.unusable")) == 1
    reports = [(root / f"outbox/{title}/report.json").read_text() for title in titles]
    assert {json.loads(report)["music"] for report in reports} == {"calm/good.wav"}
