"""Stories and films for tests of the spool, with a few bytes in place of pictures and sound."""

import json
from pathlib import Path
from typing import Any

from daemon import config
from daemon.attempt import Failure, Kind
from daemon.config import Folders
from daemon.errors import Problem, SpoolError
from daemon.spool import Job, Recovered, Spool, recover_job, unfinished

STORY = {"manifest.json": b'{"title": "The fox"}', "01.png": b"a picture", "01.mp3": b"a voice"}
FILM = {
    "film.mp4": b"a film",
    "film.jpg": b"a poster",
    "film.srt": b"1",
    "film.vtt": b"WEBVTT",
    "film.chapters.txt": b"0:00",
}
"""The files of an attempt, without the report."""
FAILURE = Failure("", Kind.STORY, (Problem("page 1", "picture missing", "Add it.", "01.png"),))


def folders_in(root: Path) -> Folders:
    """The default folders of a root."""
    return config.load(root=root).folders


def put_story(folders: Folders, name: str = "the-fox") -> Path:
    """A story in the inbox."""
    folder = folders.inbox / name
    folder.mkdir(parents=True)
    for file, data in STORY.items():
        (folder / file).write_bytes(data)
    return folder


def claimed(opened: Spool, name: str = "the-fox") -> Job:
    """A story that was put into the inbox and claimed."""
    put_story(opened.folders, name)
    job = opened.claim(name)
    assert isinstance(job, Job)
    return job


def attempted(opened: Spool, job: Job) -> Job:
    """The job with one more attempt, whose files are finished."""
    job = opened.begin_attempt(job)
    write_film(job)
    return job


def write_film(job: Job) -> None:
    """Write what an attempt writes."""
    for file, data in FILM.items():
        (job.attempt_folder / file).write_bytes(data)
    report = {"job": job.id, "attempts": job.attempts, "interruptions": job.interruptions}
    (job.attempt_folder / "report.json").write_text(json.dumps(report))


def recovered(opened: Spool) -> list[Recovered]:
    """Each job that an earlier run left, recovered."""
    found = [recover_job(opened, folder) for folder in unfinished(opened)]
    return [job for job in found if job]


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder, by their names."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def names(folder: Path) -> list[str]:
    """The names in a folder."""
    return sorted(path.name for path in folder.iterdir())


def assert_published(folder: Path) -> dict[str, Any]:
    """All files of the film are there, whole, under the folder's name. Returns its report."""
    found = contents(folder)
    report: dict[str, Any] = json.loads(found.pop("report.json"))
    assert found == {folder.name + file.removeprefix("film"): data for file, data in FILM.items()}
    return report


def error_of_opening(folders: Folders) -> str:
    """What is said when the spool cannot be opened; "opened" when it can."""
    try:
        Spool(folders).open()
    except SpoolError as error:
        return str(error)
    return "opened"
