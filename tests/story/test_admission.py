"""Files are copied once, counted and measured; those that may not come in are problems."""

import hashlib
import io
import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
import pytest
from PIL import Image

from daemon.config import Settings
from daemon.media import sounds
from daemon.media.loudness import integrated
from daemon.media.samples import SAMPLE_RATE, Samples
from daemon.story.admission import measured_sound
from tests.conftest import SettingsMaker
from tests.helpers.pictures import picture
from tests.helpers.sounds import sine, wav
from tests.hostile.sounds import riff
from tests.story.steps import admitted, problems, set_pages


def test_the_story_lists_size_and_hash_of_each_file(
    source: Path, scratch: Path, settings: Settings
) -> None:
    inputs = admitted(source, scratch, settings).inputs
    assert sorted(file.file for file in inputs) == ["01.png", "01.wav", "02.png", "02.wav"]
    for file in inputs:
        data = (source / file.file).read_bytes()
        assert (file.size, file.sha256) == (len(data), hashlib.sha256(data).hexdigest())


def test_a_file_on_two_pages_is_copied_once(
    source: Path, scratch: Path, settings: Settings
) -> None:
    page = {"image": "01.png", "audio": "01.wav"}
    set_pages(source, page, page, {"image": "./01.png", "duration": 1.0})
    made = admitted(source, scratch, settings)
    assert len({page.image for page in made.pages}) == 1
    assert len(list(scratch.iterdir())) == len(made.inputs) == 2


def test_a_faulty_file_on_many_pages_is_copied_once(
    source: Path, scratch: Path, settings: Settings
) -> None:
    """A manifest of 4 MB can name a file of 500 MB a hundred thousand times."""
    (source / "bad.png").write_text("no picture")
    set_pages(source, *[{"image": "bad.png", "duration": 1}] * 5)
    found = problems(source, scratch, settings)
    assert [problem.where for problem in found] == [f"page {number}" for number in range(1, 6)]
    assert len(list(scratch.iterdir())) == 1


def test_a_picture_s_size_is_that_of_the_upright_picture(
    source: Path, scratch: Path, settings: Settings
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: a quarter turn
    Image.new("RGB", (60, 40)).save(source / "01.jpg", exif=exif)
    set_pages(source, {"image": "01.jpg", "duration": 1})
    (page,) = admitted(source, scratch, settings).pages
    assert (page.width, page.height) == (40, 60)


def test_a_narration_comes_with_its_loudness(
    source: Path, scratch: Path, settings: Settings
) -> None:
    """997 Hz on both channels has 0 LUFS at full scale, 6 dB less at half (EBU Tech 3341)."""
    wav(source / "01.wav", sine(2.0, 997.0, 0.5))
    [narration, _] = [page.narration for page in admitted(source, scratch, settings).pages]
    assert narration
    assert len(narration.powers) == 20
    assert integrated(narration.powers) == pytest.approx(20 * np.log10(0.5), abs=0.1)


@pytest.mark.parametrize(
    "name",
    [
        "../secret.png",
        "/etc/passwd",
        "a/../../secret.png",
        "..",
        "pages/..",
        "C:\\\\01.png",
        "",
        ".",
        "/",
        "a\0b",
    ],
)
@pytest.mark.parametrize("key", ["image", "audio", "music"])
def test_a_name_that_leads_outside_reads_nothing(
    name: str, key: str, source: Path, scratch: Path, settings: Settings
) -> None:
    picture(source.parent / "secret.png")
    page = {"image": "01.png", "audio": "01.wav"}
    if key == "music":
        set_pages(source, page, music=name)
    else:
        set_pages(source, page | {key: name})
    assert len(problems(source, scratch, settings)) == 1
    assert b"secret" not in b"".join(path.name.encode() for path in scratch.iterdir())
    assert len(list(scratch.iterdir())) == (2 if key == "music" else 1)


def test_a_picture_may_lie_in_a_folder_of_the_story_but_not_behind_a_link(
    source: Path, scratch: Path, settings: Settings
) -> None:
    (source / "pages").mkdir()
    picture(source / "pages" / "01.png")
    set_pages(source, {"image": "pages/01.png", "duration": 1})
    assert admitted(source, scratch, settings).inputs[0].file == "pages/01.png"
    (source / "pages").rename(source.parent / "pages")
    (source / "pages").symlink_to("../pages")
    (problem,) = problems(source, scratch, settings)
    assert "behind a link" in problem.what


def test_a_file_that_is_too_large_is_refused(
    source: Path, scratch: Path, make_settings: SettingsMaker
) -> None:
    with (source / "02.wav").open("ab") as file:
        file.truncate(2**20 + 1)
    (problem,) = problems(source, scratch, make_settings(limits={"file_mib": 1}))
    assert (problem.where, problem.file) == ("page 2", "02.wav")
    assert problem.what == "the sound is larger than 1 MiB"


def test_a_picture_of_too_many_pixels_is_refused(
    source: Path, scratch: Path, make_settings: SettingsMaker
) -> None:
    Image.new("1", (1001, 1000)).save(source / "01.png")
    (problem,) = problems(source, scratch, make_settings(limits={"picture_megapixels": 1}))
    assert problem.what == "the picture is larger than 1 megapixels (1001×1000 pixels)"


@pytest.mark.parametrize("place", ["audio", "music"])
def test_a_small_sound_that_unpacks_into_days_is_refused_early(
    place: str,
    source: Path,
    scratch: Path,
    make_settings: SettingsMaker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """40 kB at one sample per second are eleven hours; 500 MB would be sixteen years."""
    data = bytearray(wav(source / "01.wav", np.zeros(40_000)).read_bytes())
    data[24:28] = struct.pack("<I", 1)  # the header's sample rate
    (source / "01.wav").write_bytes(data)
    if place == "audio":
        set_pages(source, {"image": "01.png", "audio": "01.wav"})
    else:
        set_pages(source, {"image": "01.png", "duration": 1}, music="01.wav")
    blocks = sounds.sound_blocks
    decoded = 0

    def counting(file: IO[bytes], rate: int) -> Iterator[Samples]:
        nonlocal decoded
        decoded = 0
        for block in blocks(file, rate):
            decoded += block.shape[1]
            assert decoded < 20 * 60 * SAMPLE_RATE, "decodes on and on"
            yield block

    monkeypatch.setattr("daemon.story.admission.sound_blocks", counting)
    found = problems(source, scratch, make_settings(limits={"film_minutes": 10}))
    assert "longer than 10 minutes" in found[0].what
    assert decoded


@pytest.mark.parametrize("value", [3e38, -3e38, 1e10, math.nan, math.inf])
def test_one_number_that_no_recorder_writes_changes_no_loudness(value: float) -> None:
    """L7: it made a traceback of the attempt, or all the rest inaudible."""
    samples = sine(1.0).astype("<f4")

    def loudness() -> float:
        _, powers = measured_sound(io.BytesIO(riff(samples.tobytes(), tag=3, bits=32)))
        return integrated(powers)

    plain = loudness()
    samples[1000] = value
    assert loudness() == pytest.approx(plain, abs=0.1)
