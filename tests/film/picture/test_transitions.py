"""How pages give way to each other, in decoded frames: what is mixed, when, and that no word moves for its sake."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from daemon.film.encode.still_stream import QUALITY_CRF
from daemon.film.picture import camera as motion
from daemon.film.plan import captions
from daemon.film.plan.lines import caption_lines
from daemon.film.plan.timeline import Timeline, plan_timeline
from daemon.media.samples import SAMPLE_RATE
from daemon.media.typeface import Typeface
from daemon.options import Canvas
from daemon.story.model import Story
from tests.film.picture.test_camera import centre
from tests.helpers.films import (
    NEARLY_LOSSLESS,
    Floats,
    by_moviepy,
    decoded,
    filmed,
    heard,
    likeness,
    luma,
)
from tests.helpers.stories import COLOURS, PLAIN_MUSIC, checked_story, mixed, picture, untouched

BLACK = 16
"""Luma of black in limited range."""


def two_pages(
    folder: Path, transition: str, textured: bool = False, **film: Any
) -> tuple[Story, Timeline]:
    """A story of two pages of a second each; the pages change at frame 24."""
    story = checked_story(
        folder, [1.0, 1.0], transition=transition, **({"gap_seconds": 0.0} | film)
    )
    for number, page in enumerate(story.pages if textured else ()):
        landscape(page.image, number)
    return story, plan_timeline(story)


def landscape(path: Path, seed: int, size: Canvas = (160, 90)) -> None:
    """Soft shapes in all colours, with some detail."""
    chance = np.random.default_rng(seed)
    rough, fine = (
        Image.fromarray(chance.integers(0, 256, (9 * k, 16 * k, 3), np.uint8)) for k in (1, 4)
    )
    shapes, details = (noise.resize(size, Image.Resampling.BICUBIC) for noise in (rough, fine))
    Image.blend(shapes, details, 0.3).save(path)


def shares(
    frames: npt.NDArray[np.uint8], leaving: npt.NDArray[np.uint8], coming: npt.NDArray[np.uint8]
) -> Floats:
    """How much of each frame is the coming page: the least squares over all its samples."""
    way = coming.astype(np.float64) - leaving
    found: Floats = ((frames.astype(np.float64) - leaving) * way).sum(axis=(1, 2)) / np.square(
        way
    ).sum()
    return found


@pytest.mark.parametrize("textured", [False, True])
def test_midway_through_a_crossfade_both_pages_have_the_same_share(
    textured: bool, tmp_path: Path
) -> None:
    story, timeline = two_pages(tmp_path / "story", "crossfade", textured)
    frames = decoded(filmed(story, timeline, tmp_path / "film.mp4", crf=2)).astype(np.float64)
    off = np.abs(frames[24] - (frames[0] + frames[-1]) / 2)
    assert np.quantile(off, 0.999) <= 2
    assert off.max() <= 4


@pytest.mark.parametrize("textured", [False, True])
def test_the_coming_page_s_share_rises_by_the_same_step_in_every_frame(
    textured: bool, tmp_path: Path
) -> None:
    """Half a second at 24 frames: six before the change, its own, and six after it."""
    story, timeline = two_pages(tmp_path / "story", "crossfade", textured)
    expected = np.concatenate([np.zeros(18), np.arange(1, 14) / 14, np.ones(17)])
    for crf, close in (
        (2, 0.01),
        (QUALITY_CRF, 0.1),
    ):  # the encoder is a little behind in the textures
        frames = decoded(filmed(story, timeline, tmp_path / f"{crf}.mp4", crf=crf))
        assert shares(frames, frames[0], frames[-1]) == pytest.approx(expected, abs=close)


@pytest.mark.parametrize("textured", [False, True])
def test_midway_through_black_the_picture_is_black_and_before_and_after_it_are_alike(
    textured: bool, tmp_path: Path
) -> None:
    story, timeline = two_pages(tmp_path / "story", "fade-black", textured)
    frames = decoded(filmed(story, timeline, tmp_path / "film.mp4"))
    dark = frames[24]
    assert np.abs(dark[:90].astype(int) - BLACK).max() <= 1
    assert np.abs(dark[90:].astype(int) - 128).max() <= 1
    going, coming = (
        1 - shares(frames[18:24], frames[0], dark),
        1 - shares(frames[25:31], frames[-1], dark),
    )
    assert going == pytest.approx(coming[::-1], abs=0.02)
    assert coming == pytest.approx(np.arange(1, 7) / 7, abs=0.02)


@pytest.mark.parametrize("transition", ["crossfade", "fade-black"])
@pytest.mark.parametrize(
    ("seconds", "fps", "around"),
    [(0.5, 24, 6), (0.04, 24, 1), (0.8, 10, 4), (0.5, 29.97, 7), (10.0, 24, 11)],
)
def test_as_many_frames_change_as_the_transition_s_seconds_say_and_the_page_s_first_is_in_the_middle(
    transition: str, seconds: float, fps: float, around: int, tmp_path: Path
) -> None:
    story, timeline = two_pages(tmp_path / "story", transition, fps=fps, transition_seconds=seconds)
    frames = decoded(filmed(story, timeline, tmp_path / "film.mp4"))
    first = round(timeline.fps)
    own = [likeness(frame, frames[0]) > 45 or likeness(frame, frames[-1]) > 45 for frame in frames]
    assert [number for number, pure in enumerate(own) if not pure] == list(
        range(first - around, first + around + 1)
    )


def test_every_narration_sounds_when_it_would_without_transitions(tmp_path: Path) -> None:
    """To the sample, in the decoded film; and its picture has half of the light, or none, in the frame of its onset."""
    sounds = {}
    for transition in ("cut", "crossfade", "fade-black"):
        story, timeline = two_pages(tmp_path / transition, transition, gap_seconds=0.21)
        mix = mixed(story, timeline, untouched(story), PLAIN_MUSIC)
        sounds[transition] = heard(filmed(story, timeline, tmp_path / f"{transition}.mp4", mix))
    second = 29 * SAMPLE_RATE // 24  # 1.21 s are 29.04 frames
    quiet = sounds["cut"][
        :, second - 5000 : second - 1100
    ]  # AAC spreads an onset over the frame before it
    assert abs(quiet).max() < 0.02
    assert 0 <= np.flatnonzero(abs(sounds["cut"][0, second - 2000 :]) > 0.1)[0] - 2000 < 200
    assert (sounds["cut"] == sounds["crossfade"]).all()
    assert (sounds["cut"] == sounds["fade-black"]).all()


@pytest.mark.parametrize("page", [0, 1])
def test_pages_go_on_moving_while_they_give_way_and_come(page: int, tmp_path: Path) -> None:
    """A dot that is carried over a grey page is on the path from the page's first sight to its last, in every frame."""
    story = checked_story(
        tmp_path / "story",
        [1.0, 1.0],
        gap_seconds=0.0,
        size="320x180",
        transition="crossfade",
        pages={"motion": "pan-right"},
    )
    y, x = np.mgrid[:360, :640] + 0.5
    dot = 90 + 150 * np.exp(-(np.square(x - 320) + np.square(y - 180)) / 2 / 6**2)
    for number, each in enumerate(story.pages):
        grey = np.rint(dot) if number == page else np.full(dot.shape, 90)
        Image.fromarray(grey.astype(np.uint8)).convert("RGB").save(each.image)
    frames = luma(filmed(story, plan_timeline(story), tmp_path / "film.mp4", crf=NEARLY_LOSSLESS))
    first, last = (0, 30) if page == 0 else (18, 47)
    shown = (
        range(first, last - 1) if page == 0 else range(first + 2, last + 1)
    )  # but for the faintest
    for number in shown:
        seen = motion.view("pan-right", (number - first) / (last - first))
        expected = ((0.5 - seen.x) * seen.zoom + 0.5) * 320 - 0.5
        assert centre(frames[number], expected, 89.5) == pytest.approx((expected, 89.5), abs=0.3), (
            number
        )


def with_captions(story: Story) -> Timeline:
    timeline, face = plan_timeline(story), Typeface()
    words = captions.plan_captions(
        story, timeline, lambda text: caption_lines(text, timeline.size, face)
    )
    return captions.burned(timeline, words)


@pytest.mark.parametrize("transition", ["crossfade", "fade-black"])
def test_burned_captions_stand_at_full_light_while_pages_change_under_them(
    transition: str, tmp_path: Path
) -> None:
    """The first page's words go when its narration ends, before the change; the second one's come with its own first frame."""
    story, _ = two_pages(
        tmp_path / "story", transition, gap_seconds=0.125, size="320x180", captions="burned"
    )
    for page in story.pages:
        picture(page.image, (60, 60, 60), (320, 180))
    frames = luma(filmed(story, with_captions(story), tmp_path / "film.mp4", crf=NEARLY_LOSSLESS))
    written = (frames > 200).sum(axis=(1, 2))
    assert (written[:24] > 40).all()  # the narration's second
    assert (written[24:27] == 0).all()  # the gap, in which the transition has begun
    assert (written[27:51] > 40).all()
    assert (written[51:] == 0).all()
    for shown in (frames[:24], frames[27:51]):
        assert np.ptp((shown > 200).sum(axis=(1, 2))) < 12
    assert (frames[:, :90] < 100).all()  # the words are in the lower half


@pytest.mark.parametrize("transition", ["crossfade", "fade-black"])
def test_words_that_come_and_go_amid_a_transition_do_not_disturb_it(
    transition: str, tmp_path: Path
) -> None:
    """Above the words, the film is the one without them."""
    story, timeline = two_pages(tmp_path / "story", transition, textured=True, gap_seconds=0.125)
    bare = luma(filmed(story, timeline, tmp_path / "bare.mp4", crf=NEARLY_LOSSLESS))
    written = luma(
        filmed(story, with_captions(story), tmp_path / "written.mp4", crf=NEARLY_LOSSLESS)
    )
    assert (
        min(likeness(one, other) for one, other in zip(bare[:, :45], written[:, :45], strict=True))
        > 40
    )


@pytest.mark.parametrize("transition", ["crossfade", "fade-black"])
def test_pages_too_short_for_a_transition_get_a_shorter_one_and_are_seen_whole_in_one_frame_at_least(
    transition: str, tmp_path: Path
) -> None:
    lengths = [1, 2, 3, 4, 5, 9, 1, 4]
    story = checked_story(
        tmp_path / "story",
        [count / 24 for count in lengths],
        gap_seconds=0.0,
        transition=transition,
        transition_seconds=2,
    )
    timeline = plan_timeline(story)
    frames = decoded(filmed(story, timeline, tmp_path / "film.mp4"))
    assert len(frames) == sum(lengths)
    flats = [decoded_flat(colour, tmp_path) for colour in COLOURS]
    for number, turn in enumerate(timeline.pages):
        own = frames[turn.first : turn.end]
        assert max(likeness(frame, flats[number % len(flats)]) for frame in own) > 45, number
    mixtures = [max(likeness(frame, flat) for flat in flats) < 40 for frame in frames]
    assert any(mixtures)
    assert not any(mixtures[:6])  # between pages of one, two and three frames there is no room


def decoded_flat(colour: tuple[int, int, int], folder: Path) -> npt.NDArray[np.uint8]:
    """A page of one colour as it is decoded when it stands still."""
    folder = folder / "-".join(map(str, colour))
    story = checked_story(folder, [0.1])
    picture(story.pages[0].image, colour)
    first: npt.NDArray[np.uint8] = decoded(
        filmed(story, plan_timeline(story), folder / "film.mp4")
    )[0]
    return first


@pytest.mark.parametrize("transition", ["crossfade", "fade-black"])
def test_the_reference_writer_shows_the_same_frame_for_frame(
    transition: str, tmp_path: Path
) -> None:
    """With a page that moves, one that stands, and captions over both."""
    story = checked_story(
        tmp_path / "story",
        [0.6, 0.6, 0.6],
        size="320x180",
        transition=transition,
        captions="burned",
    )
    for number, page in enumerate(story.pages):
        landscape(page.image, number, (640, 360))
    moves: Sequence[Any] = ("zoom-in", "none", "pan-left")
    story = replace(
        story,
        pages=tuple(
            replace(page, motion=way) for page, way in zip(story.pages, moves, strict=True)
        ),
    )
    timeline = with_captions(story)
    ours = decoded(filmed(story, timeline, tmp_path / "ours.mp4"))
    theirs = decoded(by_moviepy(story, timeline, tmp_path / "theirs.mp4"))
    alike = [likeness(one, other) for one, other in zip(ours, theirs, strict=True)]
    assert min(alike) > 35
