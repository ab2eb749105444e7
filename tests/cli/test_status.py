from pathlib import Path

from daemon.attempt import Failure, Kind
from daemon.config import Settings
from daemon.errors import Problem
from daemon.spool.job import Job
from daemon.spool.spool import Spool
from tests.helpers.processes import status, storyreel
from tests.helpers.stories import story


def test_it_tells_what_is_in_each_folder(settings: Settings, tmp_path: Path) -> None:
    spool = Spool(settings.folders).open()
    for name in ("complete", "wrong", "claimed"):
        story(settings.folders.inbox / name, (0.2,))
    (settings.folders.inbox / "incomplete").mkdir()
    (settings.folders.inbox / "stray.mp3").touch()
    (settings.folders.outbox / "old").mkdir()
    failed = spool.claim("wrong")
    assert isinstance(failed, Job)
    assert isinstance(spool.claim("claimed"), Job)
    spool.fail(failed, Failure(failed.id, Kind.STORY, (Problem("page 1", "wrong", "Mend it."),)))
    told = status(settings.folders.root)
    assert told["running"] is True
    assert [
        (arriving["story"], arriving["state"], arriving["lacking"]) for arriving in told["inbox"]
    ] == [
        ("complete", "complete", []),
        ("incomplete", "waiting", ["manifest.json"]),
    ]
    assert told["strays"] == ["stray.mp3"]
    assert [(job["story"], job["state"], job["attempt"]) for job in told["work"]] == [
        ("claimed", "queued", 0)
    ]
    assert told["failed"] == [{"story": "wrong", "problems": ["page 1: wrong. Mend it."]}]
    assert (told["outbox"], told["done"]) == (1, 0)
    spool.close()
    assert status(settings.folders.root)["running"] is False


def test_people_get_it_as_a_table(settings: Settings) -> None:
    (settings.folders.inbox / "half\x1b[31m").mkdir(parents=True)
    done = storyreel("status", "--root", str(settings.folders.root))
    assert "Storyreel is not running" in done.stdout
    assert "half\\x1b[31m" in done.stdout
    assert "waiting manifest.json" in done.stdout


def test_a_root_that_is_not_there_is_told_as_empty(tmp_path: Path) -> None:
    told = status(tmp_path / "nowhere")
    assert (told["running"], told["inbox"], told["work"], told["failed"]) == (False, [], [], [])
