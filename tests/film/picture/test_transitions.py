"""How pages give way to each other: frame by frame, and in decoded films; no narration moves."""

from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from daemon.film.encode.still_stream import QUALITY_CRF
from daemon.film.picture import camera
from daemon.film.picture.planes import Planes, black, from_rgb
from daemon.film.picture.transitions import TRANSITIONS
from daemon.film.plan import captions
from daemon.film.plan.lines import caption_lines
from daemon.film.plan.timeline import Timeline, plan_timeline
from daemon.media.samples import SAMPLE_RATE
from daemon.media.typeface import Typeface
from daemon.options import Canvas, Motion, TransitionName
from daemon.story.model import Story
from tests.helpers.films import (
    NEARLY_LOSSLESS,
    PLAIN_MUSIC,
    Floats,
    by_moviepy,
    centre,
    decoded,
    filmed,
    heard,
    luma,
    mixed,
    untouched,
)
from tests.helpers.pictures import COLOURS, likeness, noisy, picture
from tests.helpers.stories import checked_story

pytestmark = pytest.mark.slow

BLACK = 16
"""Luma of black in limited range."""

every_fade = pytest.mark.parametrize("transition", ["crossfade", "fade-black"])

# ---- frame by frame ------------------------------------------------------------------------------

PAGE = st.integers(0, 1000).map(lambda seed: from_rgb(noisy(seed, (32, 16))))
STEPS = st.integers(1, 60)
every_transition = pytest.mark.parametrize("name", get_args(TransitionName))


def shown(name: TransitionName, leaving: Planes, coming: Planes, frame: int, steps: int) -> Planes:
    return TRANSITIONS[name](lambda: leaving, lambda: coming, frame, steps)


def test_every_transition_has_a_function() -> None:
    assert set(TRANSITIONS) == set(get_args(TransitionName))


@every_transition
@given(leaving=PAGE, coming=PAGE, steps=STEPS)
def test_a_transition_begins_with_one_page_alone_and_ends_with_the_other_alone(
    name: TransitionName, leaving: Planes, coming: Planes, steps: int
) -> None:
    assert (shown(name, leaving, coming, -steps, steps) == leaving).all()
    assert (shown(name, leaving, coming, steps, steps) == coming).all()


@given(leaving=PAGE, coming=PAGE, steps=STEPS)
def test_at_the_change_a_crossfade_is_half_of_each_and_a_fade_is_black(
    leaving: Planes, coming: Planes, steps: int
) -> None:
    halfway = (leaving.astype(float) + coming) / 2
    assert np.abs(shown("crossfade", leaving, coming, 0, steps) - halfway).max() <= 0.5
    assert (shown("fade-black", leaving, coming, 0, steps) == black((32, 16))).all()


@given(leaving=PAGE, coming=PAGE, steps=STEPS, data=st.data())
def test_a_cut_shows_the_coming_page_from_the_change_on(
    leaving: Planes, coming: Planes, steps: int, data: st.DataObject
) -> None:
    frame = data.draw(st.integers(-steps, steps))
    expected = leaving if frame < 0 else coming
    assert (shown("cut", leaving, coming, frame, steps) == expected).all()


def test_a_film_with_cuts_has_no_frames_of_transition(tmp_path: Path) -> None:
    _, timeline = two_pages(tmp_path / "story", "cut")
    assert timeline.overlaps == (0,)
    assert [span.into for span in timeline.spans] == [None, None]


# ---- in decoded films ----------------------------------------------------------------------------


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
    """How much of each frame is the coming page: the least squares over all its pixels."""
    way = coming.astype(np.float64) - leaving
    along = ((frames.astype(np.float64) - leaving) * way).sum(axis=(1, 2))
    found: Floats = along / np.square(way).sum()
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
    exactness = {2: 0.01, QUALITY_CRF: 0.1}  # the encoder lags a little behind in textures
    for crf, close in exactness.items():
        frames = decoded(filmed(story, timeline, tmp_path / f"{crf}.mp4", crf=crf))
        assert shares(frames, frames[0], frames[-1]) == pytest.approx(expected, abs=close)


@pytest.mark.parametrize("textured", [False, True])
def test_a_fade_is_black_midway_and_symmetrical_around_it(textured: bool, tmp_path: Path) -> None:
    story, timeline = two_pages(tmp_path / "story", "fade-black", textured)
    frames = decoded(filmed(story, timeline, tmp_path / "film.mp4"))
    dark = frames[24]
    assert np.abs(dark[:90].astype(int) - BLACK).max() <= 1
    assert np.abs(dark[90:].astype(int) - 128).max() <= 1
    going = 1 - shares(frames[18:24], frames[0], dark)
    coming = 1 - shares(frames[25:31], frames[-1], dark)
    assert going == pytest.approx(coming[::-1], abs=0.02)
    assert coming == pytest.approx(np.arange(1, 7) / 7, abs=0.02)


@every_fade
@pytest.mark.parametrize(
    ("seconds", "fps", "around"),
    [(0.5, 24, 6), (0.04, 24, 1), (0.8, 10, 4), (0.5, 29.97, 7), (10.0, 24, 11)],
)
def test_a_transition_lasts_its_seconds_and_is_centred_on_the_new_page_s_first_frame(
    transition: str, seconds: float, fps: float, around: int, tmp_path: Path
) -> None:
    story, timeline = two_pages(tmp_path / "story", transition, fps=fps, transition_seconds=seconds)
    frames = decoded(filmed(story, timeline, tmp_path / "film.mp4"))
    first = round(timeline.fps)
    own = [likeness(frame, frames[0]) > 45 or likeness(frame, frames[-1]) > 45 for frame in frames]
    mixed_frames = [number for number, pure in enumerate(own) if not pure]
    assert mixed_frames == list(range(first - around, first + around + 1))


def test_every_narration_sounds_when_it_would_without_transitions(tmp_path: Path) -> None:
    """To the sample, in the decoded film."""
    sounds = {}
    for transition in get_args(TransitionName):
        story, timeline = two_pages(tmp_path / transition, transition, gap_seconds=0.21)
        mix = mixed(story, timeline, untouched(story), PLAIN_MUSIC)
        sounds[transition] = heard(filmed(story, timeline, tmp_path / f"{transition}.mp4", mix))
    second = 29 * SAMPLE_RATE // 24  # 1.21 s are 29.04 frames
    quiet = sounds["cut"][:, second - 5000 : second - 1100]
    # AAC spreads an onset over the frame before it
    assert abs(quiet).max() < 0.02
    assert 0 <= np.flatnonzero(abs(sounds["cut"][0, second - 2000 :]) > 0.1)[0] - 2000 < 200
    for transition in get_args(TransitionName):
        assert (sounds[transition] == sounds["cut"]).all()


@pytest.mark.parametrize("page", [0, 1])
def test_pages_keep_moving_during_their_transitions(page: int, tmp_path: Path) -> None:
    """A dot on a grey page is on its path in every frame in which the page is in sight."""
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
    distinct = range(29) if page == 0 else range(20, 48)  # in the others the dot is too faint
    for number in distinct:
        seen = camera.view("pan-right", (number - first) / (last - first))
        expected = ((0.5 - seen.x) * seen.zoom + 0.5) * 320 - 0.5
        found = centre(frames[number], expected, 89.5, spread=3.0)
        assert found == pytest.approx((expected, 89.5), abs=0.3), number


def with_captions(story: Story) -> Timeline:
    timeline = plan_timeline(story)
    face = Typeface()
    words = captions.plan_captions(
        story, timeline, lambda text: caption_lines(text, timeline.size, face)
    )
    return captions.burned(timeline, words)


@every_fade
def test_burned_captions_keep_their_full_light_while_the_pages_under_them_change(
    transition: str, tmp_path: Path
) -> None:
    """The first page's words go when its narration ends, before the change.

    The second page's words come with its own first frame.
    """
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
    for words in (frames[:24], frames[27:51]):
        assert np.ptp((words > 200).sum(axis=(1, 2))) < 12
    assert (frames[:, :90] < 100).all()  # the words are in the lower half


@every_fade
def test_words_that_come_and_go_during_a_transition_do_not_disturb_it(
    transition: str, tmp_path: Path
) -> None:
    """Above the words, the film is the same as without them."""
    story, timeline = two_pages(tmp_path / "story", transition, textured=True, gap_seconds=0.125)
    bare = luma(filmed(story, timeline, tmp_path / "bare.mp4", crf=NEARLY_LOSSLESS))
    film = filmed(story, with_captions(story), tmp_path / "written.mp4", crf=NEARLY_LOSSLESS)
    written = luma(film)
    upper_halves = zip(bare[:, :45], written[:, :45], strict=True)
    assert min(likeness(one, other) for one, other in upper_halves) > 40


@every_fade
def test_short_pages_get_shorter_transitions_and_at_least_one_frame_of_their_own(
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
    frames: npt.NDArray[np.uint8] = decoded(
        filmed(story, plan_timeline(story), folder / "film.mp4")
    )
    first: npt.NDArray[np.uint8] = frames[0]
    return first


@every_fade
def test_moviepy_s_film_is_the_same_frame_for_frame(transition: str, tmp_path: Path) -> None:
    """With pages that move, one at rest, and captions over all of them."""
    story = checked_story(
        tmp_path / "story",
        [0.6, 0.6, 0.6],
        size="320x180",
        transition=transition,
        captions="burned",
    )
    for number, page in enumerate(story.pages):
        landscape(page.image, number, (640, 360))
    motions: tuple[Motion, ...] = ("zoom-in", "none", "pan-left")
    moving = zip(story.pages, motions, strict=True)
    story = replace(story, pages=tuple(replace(page, motion=motion) for page, motion in moving))
    timeline = with_captions(story)
    ours = decoded(filmed(story, timeline, tmp_path / "ours.mp4"))
    theirs = decoded(by_moviepy(story, timeline, tmp_path / "theirs.mp4"))
    alike = [likeness(one, other) for one, other in zip(ours, theirs, strict=True)]
    assert min(alike) > 35
