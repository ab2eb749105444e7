"""Clips of pages: made one at a time, each as long as its span."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from moviepy import ImageClip
from PIL import Image

from daemon.errors import UnreadableMedia
from daemon.film.picture import pages, planes
from daemon.film.picture.captions import caption_layer
from daemon.film.picture.clips import MovingClip, Studio
from daemon.film.picture.pages import page_frame
from daemon.film.picture.planes import Frame
from daemon.film.plan.captions import burned, plan_captions
from daemon.film.plan.timeline import Span, plan_timeline
from daemon.media.typeface import Typeface
from daemon.options import Canvas
from daemon.story.model import Page, Story
from tests.helpers.films import clips
from tests.helpers.pictures import COLOURS, noisy, save
from tests.helpers.stories import checked_story, plan_of


@pytest.mark.parametrize("fps", [24, 29.97])
def test_each_span_has_a_clip_of_its_own_length(fps: float, tmp_path: Path) -> None:
    story = checked_story(tmp_path / "story", [0.4, 0.6, 0.5], fps=fps)
    timeline = plan_timeline(story)
    made = [clips(story, timeline)(span) for span in timeline.spans]
    assert all(isinstance(each, ImageClip) for each in made), "a writer encodes each picture once"
    assert [round(each.duration * float(timeline.fps), 6) for each in made] == [
        span.frames for span in timeline.spans
    ]
    assert [tuple(each.get_frame(0)[45, 80]) for each in made] == list(COLOURS[:3])


def test_bars_and_transparent_parts_have_the_story_s_background(tmp_path: Path) -> None:
    story = checked_story(
        tmp_path / "story", [0.1], background="#0000ff", size="160x90", fit="contain"
    )
    Image.new("RGBA", (90, 90), (0, 0, 0, 0)).save(story.pages[0].image)
    timeline = plan_timeline(story)
    assert (clips(story, timeline)(timeline.spans[0]).get_frame(0) == (0, 0, 255)).all()


def test_a_picture_that_does_not_decode_is_an_error(tmp_path: Path) -> None:
    story = checked_story(tmp_path / "story", [0.1])
    timeline = plan_timeline(story)
    image = story.pages[0].image
    image.write_bytes(image.read_bytes()[:-30])
    with pytest.raises(UnreadableMedia, match="damaged"):
        clips(story, timeline)(timeline.spans[0])


def test_a_picture_is_read_only_when_its_span_is_asked_for(tmp_path: Path) -> None:
    story = checked_story(tmp_path / "story", [0.1, 0.1])
    timeline = plan_timeline(story)
    make = clips(story, timeline)
    Image.new("RGB", (160, 90), (1, 2, 3)).save(story.pages[1].image)
    assert (make(timeline.spans[1]).get_frame(0) == (1, 2, 3)).all()


@pytest.mark.parametrize("style", ["stroke", "box"])
def test_a_caption_of_a_page_at_rest_is_pasted_over_the_page(style: str, tmp_path: Path) -> None:
    story = checked_story(tmp_path / "story", [0.4], caption_style=style, size="320x180")
    timeline = plan_timeline(story)
    span = replace(timeline.spans[0], caption=("Words of", "page 1."))
    clip = clips(story, timeline)(span)
    assert isinstance(clip, ImageClip)
    plain = page_frame(story, story.pages[0], timeline.size, Typeface())
    layer = caption_layer(span.caption, timeline.size, Typeface(), story.film.caption_style)
    expected = Image.fromarray(plain)
    expected.paste(layer.image, (layer.left, layer.top), layer.image)
    assert (clip.img == np.asarray(expected)).all()
    assert (clip.img != plain).any()


def test_a_page_at_rest_has_no_caption(tmp_path: Path) -> None:
    story = checked_story(tmp_path / "story", [0.4], captions="burned", motion="zoom-in")
    timeline = plan_timeline(story)
    with_words = burned(timeline, plan_captions(story, timeline))
    assert with_words.spans[0].caption
    at_rest = Studio(plan_of(story, with_words)).at_rest(0)
    assert (at_rest == COLOURS[0]).all()


def test_a_page_that_moves_can_be_drawn_at_rest(tmp_path: Path) -> None:
    story = checked_story(tmp_path / "story", [0.4], pages={"motion": "pan-left"})
    noise = noisy(1)
    save(noise, story.pages[0].image)
    timeline = plan_timeline(story)
    studio = Studio(plan_of(story, timeline))
    assert (studio.at_rest(0) == noise).all()
    assert isinstance(studio.clip(timeline.spans[0]), MovingClip)


@pytest.mark.parametrize("transition", ["crossfade", "fade-black"])
def test_words_that_change_during_a_transition_do_not_disturb_it(
    transition: str, tmp_path: Path
) -> None:
    """The span is cut where they change; its two parts show what the whole would have shown."""
    story = checked_story(
        tmp_path / "story", [0.6, 0.6], transition=transition, transition_seconds=0.5
    )
    timeline = plan_timeline(story)
    [whole] = [span for span in timeline.spans if span.into is not None]
    cut = whole.first + whole.frames // 3
    parts = [
        Span(whole.page, first, end - first, whole.into)
        for first, end in itertools.pairwise([whole.first, cut, whole.end])
    ]
    make = clips(story, replace(timeline, spans=(*parts,)))

    def shown(span: Span) -> list[planes.Planes]:
        clip = make(span)
        assert isinstance(clip, MovingClip)
        return [clip.planes(number) for number in range(span.frames)]

    assert (np.stack(shown(whole)) == np.stack([*shown(parts[0]), *shown(parts[1])])).all()


def test_a_picture_is_read_once_for_its_page_and_for_both_its_transitions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = checked_story(tmp_path / "story", [0.8] * 4, transition="crossfade")
    timeline = plan_timeline(story)
    read: list[Page] = []

    def counted(story: Story, page: Page, size: Canvas, face: Typeface) -> Frame:
        read.append(page)
        return page_frame(story, page, size, face)

    monkeypatch.setattr(pages, "page_frame", counted)
    studio = Studio(plan_of(story, timeline))
    with ThreadPoolExecutor(2) as pool:
        made = [*pool.map(studio.clip, timeline.spans)]
    assert [round(clip.duration * timeline.fps) for clip in made] == [
        span.frames for span in timeline.spans
    ]
    assert sorted(page.number for page in read) == [1, 2, 3, 4]
