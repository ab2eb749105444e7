"""One attempt: a film with its files, or a failure of the right kind.

Either way nothing of the work is left behind.
"""

import errno
import io
import json
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from daemon.attempt import Failure, Film, Kind, Order
from daemon.compiler import compile_order, compile_story
from daemon.config import Limits, Settings
from daemon.delivery import files
from daemon.errors import FilmError, Problem, StoryError
from daemon.media import sounds
from daemon.progress import SCRATCH, Reporter, reporter
from daemon.story import Story
from daemon.story.checks import picture_problems
from tests.conftest import SettingsMaker
from tests.helpers.broken import FailingFile
from tests.helpers.films import rgb
from tests.helpers.folders import names
from tests.helpers.pictures import COLOURS, noisy, save
from tests.helpers.sounds import sine, wav
from tests.helpers.stories import read_manifest, story, write_manifest

pytestmark = pytest.mark.slow


@pytest.fixture
def order(tmp_path: Path, settings: Settings) -> Order:
    (tmp_path / "attempt-1").mkdir()
    return Order(
        "job-1", "the-fox", 1, story(tmp_path / "the-fox"), tmp_path / "attempt-1", settings
    )


def ignore(_stage: str, _done: float) -> None:
    """A progress reporter for tests that do not look at the progress."""


def failure(order: Order, report: Reporter = ignore) -> Failure:
    """The failure of an attempt that must fail, and must say why."""
    outcome = compile_order(order, report)
    assert isinstance(outcome, Failure)
    assert outcome.job == order.job
    assert outcome.problems
    return outcome


def report_of(order: Order) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((order.attempt / "report.json").read_text())
    return report


def with_film(order: Order, **film: Any) -> Order:
    """The same order for a story that chooses how its film looks."""
    write_manifest(order.source, read_manifest(order.source) | {"film": film})
    return order


def again(order: Order, name: str) -> Order:
    """The same order, with another folder to write into."""
    attempt = order.attempt.with_name(name)
    attempt.mkdir()
    return replace(order, attempt=attempt)


def test_an_attempt_leaves_the_film_and_its_files_and_nothing_else(order: Order) -> None:
    outcome = compile_order(order, reporter(order.attempt))
    assert outcome == Film("job-1", order.attempt, 3.0)
    assert names(order.attempt) == [
        "film.chapters.txt",
        "film.jpg",
        "film.mp4",
        "film.srt",
        "film.vtt",
        "report.json",
    ]
    with av.open(order.attempt / "film.mp4") as film:
        assert sum(1 for _ in film.decode(video=0)) == 72


def test_a_story_without_words_has_no_captions(order: Order) -> None:
    manifest = read_manifest(order.source)
    pages = [{key: page[key] for key in ("image", "audio")} for page in manifest["pages"]]
    write_manifest(order.source, {"pages": pages, "music": False})
    compile_story(order, ignore)
    assert names(order.attempt) == ["film.chapters.txt", "film.jpg", "film.mp4", "report.json"]


def test_chapters_and_captions_follow_the_pages(order: Order) -> None:
    compile_story(order, ignore)
    assert (order.attempt / "film.chapters.txt").read_text() == (
        "00:00 Words of page 1.\n00:00 Words of page 2.\n00:02 Words of page 3.\n"
    )
    subrip = (order.attempt / "film.srt").read_text()
    webvtt = (order.attempt / "film.vtt").read_text()
    assert "00:00:00,916 --> 00:00:01,516\nWords of page 2.\n" in subrip
    assert "00:00:00.916 --> 00:00:01.516\nWords of page 2.\n" in webvtt


def test_the_poster_shows_the_first_page(order: Order) -> None:
    compile_story(order, ignore)
    with Image.open(order.attempt / "film.jpg") as poster:
        assert poster.size == (160, 90)
        red, green, blue = poster.convert("RGB").resize((1, 1)).tobytes()
    assert max(abs(a - b) for a, b in zip((red, green, blue), COLOURS[0], strict=True)) <= 3


def test_the_report_says_what_the_film_was_made_of(order: Order) -> None:
    wav(order.source / "tune.wav", sine(0.2))
    write_manifest(
        order.source,
        read_manifest(order.source) | {"music": "tune.wav", "film": {"background": "#112233"}},
    )
    assert compile_story(order, ignore) == Film("job-1", order.attempt, 3.0, "tune.wav")
    report = report_of(order)
    assert report["film"] == {
        "seconds": 3.0,
        "frames": 72,
        "fps": 24,
        "width": 160,
        "height": 90,
        "bytes": (order.attempt / "film.mp4").stat().st_size,
    }
    assert [
        (page["start"], page["seconds"], page["narration_seconds"], page["text"])
        for page in report["pages"]
    ] == [
        (0.0, 0.917, 0.4, "Words of page 1."),
        (0.917, 1.083, 0.6, "Words of page 2."),
        (2.0, 1.0, 0.5, "Words of page 3."),
    ]
    assert {key: report[key] for key in ("job", "story", "attempt", "title", "music")} == {
        "job": "job-1",
        "story": "the-fox",
        "attempt": 1,
        "title": "A test",
        "music": "tune.wav",
    }
    assert report["settings"]["background"] == "#112233"
    assert [file["file"] for file in report["inputs"]][-1] == "tune.wav"
    assert all(set(file) == {"file", "size", "sha256"} for file in report["inputs"])
    assert {"storyreel", "moviepy", "av", "pillow", "numpy", "python"} <= set(report["versions"])
    assert report["render_seconds"] > 0


RICH = {
    "motion": "auto",
    "transition": "crossfade",
    "captions": "burned",
    "title_card": True,
    "end_card": {"ground": "picture", "seconds": 0.5},
    "fps": 29.97,
    "poster_page": 2,
}
"""Some of everything that a film may have."""


@pytest.mark.parametrize("film", [{}, RICH], ids=["plain", "rich"])
def test_the_same_story_gives_the_same_bytes(film: dict[str, Any], order: Order) -> None:
    manifest = {key: value for key, value in read_manifest(order.source).items() if key != "music"}
    write_manifest(order.source, manifest | {"film": film})
    first = order
    second = replace(again(order, "attempt-2"), number=2)
    compile_story(first, ignore)
    compile_story(second, ignore)
    for name in ("film.mp4", "film.jpg", "film.srt", "film.vtt", "film.chapters.txt"):
        assert (first.attempt / name).read_bytes() == (second.attempt / name).read_bytes(), name
    reports = [report_of(made) for made in (first, second)]
    for report in reports:
        del report["render_seconds"], report["attempt"]
    assert reports[0] == reports[1]
    assert reports[0]["music"] is not None


@pytest.mark.parametrize("writer", ["still-stream", "moviepy"])
def test_a_film_with_some_of_everything_has_all_of_it(
    writer: str, order: Order, make_settings: SettingsMaker
) -> None:
    """Cards, motion, transitions, burned captions, an NTSC rate: with either writer."""
    order = with_film(replace(order, settings=make_settings(film={"writer": writer})), **RICH)
    assert isinstance(compile_order(order, ignore), Film)
    report = report_of(order)
    shown = rgb(order.attempt / "film.mp4")
    assert [page["page"] for page in report["pages"]] == [0, 1, 2, 3, 0]
    assert [page["text"] for page in report["pages"]][::4] == ["A test", "The End"]
    assert report["film"]["fps"] == pytest.approx(30_000 / 1001)
    seconds = sum(page["seconds"] for page in report["pages"])
    assert len(shown) == report["film"]["frames"] == round(seconds * 30_000 / 1001)
    for page, colour in zip(report["pages"][1:4], COLOURS, strict=False):
        frame = shown[round((page["start"] + page["seconds"] / 2) * 30_000 / 1001)]
        assert np.abs(frame[10, 80].astype(int) - colour).max() <= 6
        assert page["narration_seconds"] > 0.3
    first_words = shown[round((report["pages"][1]["start"] + 0.3) * 30_000 / 1001)]
    assert (first_words[60:].min(axis=2) > 200).any(), "white letters in the lower part"
    with Image.open(order.attempt / "film.jpg") as poster:
        middle = poster.convert("RGB").getpixel((80, 45))
    assert np.abs(np.array(middle) - COLOURS[1]).max() <= 4


@pytest.mark.parametrize("captions", ["soft", "burned"])
def test_captions_are_a_file_and_a_stream_of_the_film_whether_or_not_they_are_burned_in(
    captions: str, order: Order
) -> None:
    compile_story(with_film(order, captions=captions), ignore)
    assert (order.attempt / "film.srt").read_text().count("-->") == 3
    with av.open(order.attempt / "film.mp4") as film:
        words = [
            bytes(packet)[2:].decode() for packet in film.demux(subtitles=0) if packet.size > 2
        ]
    assert words == ["Words of page 1.", "Words of page 2.", "Words of page 3."]
    white = [(frame[60:].min(axis=2) > 200).any() for frame in rgb(order.attempt / "film.mp4")]
    assert any(white) is (captions == "burned")


def test_chapters_title_author_comment_and_cover_are_in_the_film(order: Order) -> None:
    pages = read_manifest(order.source)["pages"]
    pages[0]["chapter"] = "Departure"
    pages[2]["chapter"] = "Arrival"
    added = {"pages": pages, "author": "A. Writer", "comment": "CC0", "language": "pt-BR"}
    write_manifest(order.source, read_manifest(order.source) | added)
    compile_story(order, ignore)
    with av.open(order.attempt / "film.mp4") as film:
        titles = [chapter["metadata"]["title"] for chapter in film.chapters()]
        assert titles == ["Departure", "Arrival"]
        metadata = {key: film.metadata[key] for key in ("title", "artist", "comment")}
        assert metadata == {"title": "A test", "artist": "A. Writer", "comment": "CC0"}
        assert film.streams.video[0].metadata["language"] == "por"
        [cover] = film.decode(video=1)
    assert (cover.width, cover.height) == (160, 90)
    assert np.abs(cover.to_ndarray(format="rgb24")[45, 80].astype(int) - COLOURS[0]).max() <= 6
    assert (order.attempt / "film.chapters.txt").read_text() == "00:00 Departure\n00:02 Arrival\n"


def test_a_preview_is_the_same_film_with_a_quarter_of_the_pixels(order: Order) -> None:
    with_film(order, **RICH)
    small = replace(again(order, "small"), preview=True)
    compile_story(order, ignore)
    compile_story(small, ignore)
    whole = report_of(order)["film"]
    quarter = report_of(small)["film"]
    assert (quarter["width"], quarter["height"]) == (80, 44)
    assert (whole["frames"], whole["fps"]) == (quarter["frames"], quarter["fps"])
    assert (order.attempt / "film.srt").read_bytes() == (small.attempt / "film.srt").read_bytes()


def test_the_report_says_how_loud_everything_was_made(
    order: Order, make_settings: SettingsMaker
) -> None:
    """Tones of half the full scale are some dB louder than -20 LUFS, so they are lowered."""
    wav(order.source / "tune.wav", sine(0.2))
    write_manifest(order.source, read_manifest(order.source) | {"music": "tune.wav"})
    compile_story(replace(order, settings=make_settings(sound={"loudness_lufs": -20})), ignore)
    sound = report_of(order)["sound"]
    assert sound["loudness_lufs"] == -20
    assert len(sound["narrations_db"]) == 3
    assert all(-20 < decibels < -8 for decibels in sound["narrations_db"])
    assert sound["ducking"]


@pytest.mark.parametrize("volume_db", [-30.0, 0.0])
def test_a_library_whose_only_track_cannot_be_played_gives_a_film_without_music(
    volume_db: float, order: Order, make_settings: SettingsMaker
) -> None:
    """The music is all that there is to hear, so its loudness would be measured."""
    library = order.source.parent / "library"
    library.mkdir()
    (library / "broken.mp3").write_text("no sound")
    write_manifest(order.source, {"pages": [{"image": "01.png", "duration": 1}]})
    settings = make_settings(music={"folder": library, "volume_db": volume_db})
    film = compile_story(replace(order, settings=settings), ignore)
    assert film.music == ""


def test_progress_goes_through_the_stages_and_only_forward(order: Order) -> None:
    reports: list[tuple[str, float]] = []
    compile_story(order, lambda stage, done: reports.append((stage, done)))
    stages = list(dict.fromkeys(stage for stage, _ in reports))
    assert stages == ["intake", "film", "checking"]
    shares = [done for stage, done in reports if stage == "film"]
    assert shares == sorted(shares)
    assert shares[0] == 0.0


def test_the_source_is_left_as_it_is(order: Order) -> None:
    def files_now() -> dict[str, tuple[bytes, int]]:
        paths = order.source.iterdir()
        return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in paths}

    before = files_now()
    compile_story(order, ignore)
    assert files_now() == before


@pytest.mark.parametrize(
    "film", [{}, {"captions": "burned"}, RICH], ids=["plain", "burned", "rich"]
)
@pytest.mark.parametrize("writer", ["still-stream", "moviepy"])
def test_every_file_that_an_attempt_leaves_has_an_ending_known_to_the_outbox(
    writer: str, film: dict[str, Any], order: Order, make_settings: SettingsMaker
) -> None:
    order = with_film(replace(order, settings=make_settings(film={"writer": writer})), **film)
    compile_story(order, ignore)
    assert files.unknown(order.attempt) == []


def test_an_attempt_leaves_every_kind_of_file_that_the_outbox_knows(order: Order) -> None:
    wav(order.source / "tune.wav", sine(0.2))
    write_manifest(order.source, read_manifest(order.source) | {"music": "tune.wav"})
    compile_story(order, ignore)
    expected = [files.REPORT, *(f"{files.DRAFT}{ending}" for ending in files.ENDINGS)]
    assert names(order.attempt) == sorted(expected)


def test_a_story_whose_folder_is_not_named_in_utf_8_becomes_a_film(
    tmp_path: Path, settings: Settings
) -> None:
    """N3: such a story failed."""
    name = os.fsdecode(b"f\xfcchse")
    source = story(tmp_path / name, (0.2,), title="")
    (tmp_path / "attempt-1").mkdir()
    order = Order("job-1", name, 1, source, tmp_path / "attempt-1", settings)
    outcome = compile_order(order, ignore)
    assert isinstance(outcome, Film), outcome
    assert report_of(order)["title"] == "f?chse"


# ---- faults of the story -------------------------------------------------------------------------


def test_a_faulty_story_fails_with_all_its_problems_and_is_not_tried_again(
    order: Order,
) -> None:
    (order.source / "02.wav").unlink()
    (order.source / "03.png").write_text("no picture")
    failed = failure(order)
    assert (failed.kind, failed.retryable, failed.trace) == (Kind.STORY, False, "")
    assert [(problem.where, problem.file) for problem in failed.problems] == [
        ("page 2", "02.wav"),
        ("page 3", "03.png"),
    ]
    assert names(order.attempt) == []


def test_a_story_that_has_not_arrived_whole_is_no_failure_of_the_story(order: Order) -> None:
    """C2: whoever copies it may still be writing; what else is wrong may come of that."""
    (order.source / "02.wav").write_bytes(b"RIFF, and the rest is on its way")
    facts = {"02.wav": {"sha256": "0" * 64}}
    write_manifest(order.source, read_manifest(order.source) | {"files": facts, "music": "no.mp3"})
    failed = failure(order)
    assert (failed.kind, failed.retryable, failed.trace) == (Kind.ARRIVING, False, "")
    assert [(problem.file, problem.what) for problem in failed.problems] == [
        ("02.wav", "its SHA-256 is not the declared one")
    ]
    assert names(order.attempt) == []


def test_pictures_that_do_not_decode_fail_the_story_with_all_of_them(order: Order) -> None:
    """Their headers are good, so only the rendering finds out. One fails; the others are listed."""
    for name in ("01.png", "03.png"):
        save(noisy(1), order.source / name)
        whole = (order.source / name).read_bytes()
        (order.source / name).write_bytes(whole[: len(whole) // 2])
    failed = failure(order)
    assert (failed.kind, failed.retryable) == (Kind.STORY, False)
    assert [(problem.where, problem.file) for problem in failed.problems] == [
        ("page 1", "01.png"),
        ("page 3", "03.png"),
    ]
    assert names(order.attempt) == []


# ---- faults of the film --------------------------------------------------------------------------


def test_a_track_that_the_story_names_and_that_cannot_be_played_fails_the_film(
    order: Order, make_settings: SettingsMaker
) -> None:
    library = order.source.parent / "library"
    library.mkdir()
    (library / "broken.mp3").write_text("no sound")
    write_manifest(order.source, read_manifest(order.source) | {"music": "broken.mp3"})
    failed = failure(replace(order, settings=make_settings(music={"folder": library})))
    assert (failed.kind, failed.retryable) == (Kind.FILM, True)
    assert "broken.mp3" in failed.problems[0].what


def private_copy(order: Order, file: str) -> Path:
    """The copy that intake has made of a story's file; after it, the film is made of the copy."""
    wanted = (order.source / file).read_bytes()
    copies = [path for path in (order.attempt / SCRATCH).iterdir() if path.is_file()]
    [copy] = [path for path in copies if path.read_bytes() == wanted]
    return copy


def when_stage_begins(wanted: str, act: Callable[[], object]) -> Reporter:
    """A reporter that does something once, when a stage begins: "film" comes after intake."""
    reached: set[str] = set()

    def report(stage: str, _done: float) -> None:
        if stage == wanted and stage not in reached:
            reached.add(stage)
            act()

    return report


@pytest.mark.parametrize("content", [b"", b"this is no sound"], ids=["emptied", "overwritten"])
@pytest.mark.parametrize("writer", ["still-stream", "moviepy"])
def test_a_narration_that_is_damaged_after_intake_fails_the_film_and_may_be_tried_again(
    writer: str, content: bytes, order: Order, make_settings: SettingsMaker
) -> None:
    """N5: it failed for good, and with no problem to read."""
    order = replace(order, settings=make_settings(film={"writer": writer}))

    def damage() -> None:
        private_copy(order, "02.wav").write_bytes(content)

    failed = failure(order, when_stage_begins("film", damage))
    assert (failed.kind, failed.retryable) == (Kind.FILM, True)
    [problem] = failed.problems
    assert "the narration of page 2" in problem.what
    assert names(order.attempt) == []


def test_a_picture_that_fails_to_decode_only_once_fails_the_film_and_may_be_tried_again(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk gives wrong bytes while rendering, and the right ones when all are checked."""

    def damage() -> None:
        copy = private_copy(order, "02.png")
        whole = copy.read_bytes()
        copy.write_bytes(b"no picture")

        def with_the_disk_well_again(story: Story, limits: Limits) -> list[Problem]:
            copy.write_bytes(whole)
            return picture_problems(story, limits)

        monkeypatch.setattr("daemon.compiler.picture_problems", with_the_disk_well_again)

    failed = failure(order, when_stage_begins("film", damage))
    assert (failed.kind, failed.retryable) == (Kind.FILM, True)
    [problem] = failed.problems
    assert "could not be decoded, and a moment later it could" in problem.what
    assert names(order.attempt) == []


# ---- faults of the machine -----------------------------------------------------------------------


@pytest.mark.parametrize("file", ["02.png", "02.wav"])
@pytest.mark.parametrize("stage", ["intake", "film"])
def test_a_disk_that_breaks_while_a_file_is_decoded_is_a_fault_of_the_machine(
    stage: str, file: str, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The private copy, opened as a file object, raises EIO after its first kilobyte."""
    save(noisy(1), order.source / "02.png")
    bad = (order.source / file).read_bytes()
    real_open = Path.open

    def open_on_a_broken_disk(self: Path, mode: str = "r", *rest: Any, **options: Any) -> Any:
        opened = real_open(self, mode, *rest, **options)
        if mode == "rb" and self.parent.name == SCRATCH:
            with opened:
                content = opened.read()
            error = OSError(errno.EIO, os.strerror(errno.EIO))
            return FailingFile(content, error) if content == bad else io.BytesIO(content)
        return opened

    def break_disk() -> None:
        monkeypatch.setattr(Path, "open", open_on_a_broken_disk)

    failed = failure(order, when_stage_begins(stage, break_disk))
    assert (failed.kind, failed.retryable) == (Kind.MACHINE, True)
    assert failed.problems[0].what == os.strerror(errno.EIO)
    assert names(order.attempt) == []


@pytest.mark.parametrize("stage", ["intake", "film"])
def test_ffmpeg_without_memory_is_a_fault_of_the_machine(
    stage: str, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    """N4: FFmpeg's ENOMEM is an error of PyAV, where a damaged file's errors come from too."""
    real_open = av.open

    def open_without_memory(file: Any, *rest: Any, **options: Any) -> Any:
        if hasattr(file, "read"):
            raise av.error.MemoryError(errno.ENOMEM, os.strerror(errno.ENOMEM))
        return real_open(file, *rest, **options)

    def use_memory_up() -> None:
        monkeypatch.setattr(sounds, "HEADERS_MEMORY", 2**60)  # so much cannot be had
        monkeypatch.setattr(av, "open", open_without_memory)

    failed = failure(order, when_stage_begins(stage, use_memory_up))
    assert (failed.kind, failed.retryable) == (Kind.MACHINE, True)
    assert failed.problems[0].what == "not enough memory"
    assert names(order.attempt) == []


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """No file may become larger, here and in child processes: as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_an_attempt_whose_folder_is_gone_does_not_bring_it_back(order: Order) -> None:
    """N17: The service ends an attempt, and its worker may go on for a few seconds."""
    order.attempt.rmdir()
    assert failure(order).kind is Kind.MACHINE
    assert not order.attempt.exists()


def test_a_full_disk_is_a_fault_of_the_machine(order: Order) -> None:
    with files_of_at_most(30_000):  # a narration has 38 kB
        failed = failure(order)
    assert (failed.kind, failed.retryable) == (Kind.MACHINE, True)
    assert failed.problems[0].what == os.strerror(errno.EFBIG)
    assert names(order.attempt) == []


def test_a_film_that_does_not_fit_on_the_disk_is_not_delivered(order: Order) -> None:
    """Noise is larger as a film than as a picture, so only the film is over the limit."""
    chance = np.random.default_rng(1)
    for number in range(4):
        noise = chance.integers(0, 255, (360, 640, 3), dtype=np.uint8)
        Image.fromarray(noise).save(order.source / f"{number}.jpg", quality=40)
    write_manifest(
        order.source,
        {
            "pages": [{"image": f"{number}.jpg", "duration": 0.05} for number in range(4)],
            "music": False,
        },
    )
    compile_story(again(order, "with-room"), ignore)
    film = (order.attempt.with_name("with-room") / "film.mp4").stat().st_size
    limit = 9 * film // 10
    assert max((order.source / "0.jpg").stat().st_size, 5 * 38_400 // 4) < limit
    with files_of_at_most(limit):
        failed = failure(order)
    assert failed.kind in (Kind.FILM, Kind.MACHINE)
    assert failed.retryable
    assert names(order.attempt) == []


# ---- any error -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "kind", "what"),
    [
        (MemoryError(), Kind.MACHINE, "not enough memory"),
        (OSError(errno.ENOSPC, "No space left on device"), Kind.MACHINE, "No space left on device"),
        (OSError("no number"), Kind.MACHINE, "no number"),
        (FilmError("it came out wrong"), Kind.FILM, "it came out wrong"),
        (StoryError([Problem("page 1", "torn", "Mend it.")]), Kind.STORY, "torn"),
        (KeyError("surprise"), Kind.PROGRAM, "KeyError: 'surprise'"),
    ],
)
def test_any_error_during_an_attempt_becomes_an_outcome(
    error: Exception, kind: Kind, what: str, order: Order
) -> None:
    """The reporter raises it: memory, for one, cannot be used up without harm to the tests."""

    def report(stage: str, done: float) -> None:
        if stage == "film" and done:
            raise error

    outcome = compile_order(order, report)
    assert isinstance(outcome, Failure)
    assert (outcome.kind, "".join(problem.what for problem in outcome.problems)) == (kind, what)
    assert ("Traceback" in outcome.trace and "surprise" in outcome.trace) is (kind is Kind.PROGRAM)
    assert names(order.attempt) == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_the_end_of_the_process_is_not_an_outcome_but_leaves_nothing_behind(
    error: type[BaseException], order: Order
) -> None:
    def report(stage: str, done: float) -> None:
        if stage == "film" and done:
            raise error

    with pytest.raises(error):
        compile_order(order, report)
    assert not (order.attempt / SCRATCH).exists()


def test_a_file_that_has_no_place_in_the_outbox_is_a_bug_and_is_not_delivered(
    order: Order,
) -> None:
    def report(stage: str, _done: float) -> None:
        if stage == "checking":
            (order.attempt / SCRATCH / "made" / "film.ogv").touch()

    failed = failure(order, report)
    assert failed.kind is Kind.PROGRAM
    assert "film.ogv" in failed.problems[0].what
    assert names(order.attempt) == []
