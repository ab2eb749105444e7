"""`storyreel demo`: end to end on the bundled story."""

import json
from pathlib import Path

import av
import pytest

import daemon
from daemon.media.samples import SAMPLE_RATE
from daemon.story.admission import measured
from tests.helpers.processes import storyreel

STORY = Path(daemon.__file__).parent / "demo" / "the-fox-and-the-lighthouse"


@pytest.mark.slow
@pytest.mark.service
def test_the_demo_ends_by_itself_and_says_where_the_film_is(tmp_path: Path) -> None:
    """The film has all streams, and lasts as long as narrations and gaps, to the frame."""
    done = storyreel("demo", "--root", str(tmp_path / "demo"))
    film = tmp_path / "demo/outbox/the-fox-and-the-lighthouse/the-fox-and-the-lighthouse.mp4"
    assert done.returncode == 0, done.stderr
    assert f"The film: {film}" in done.stdout
    pages = json.loads((STORY / "manifest.json").read_text())["pages"]
    planned = 0.0
    for page in pages:
        planned += measured(STORY / page["audio"])[0] / SAMPLE_RATE + 0.5
    with av.open(film) as container:
        kinds = {stream.type for stream in container.streams}
        assert kinds == {"video", "audio", "subtitle", "data"}  # data: chapters
        assert container.duration is not None
        assert abs(container.duration / av.time_base - planned) <= 1 / 24
