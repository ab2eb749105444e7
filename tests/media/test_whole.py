"""Whether a sound file is whole, by its own header."""

import io
import struct
import wave
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.media.whole import bytes_missing

DEMO = Path(__file__).parents[2] / "daemon/demo/the-fox-and-the-lighthouse"
MP3 = (DEMO / "01.mp3").read_bytes()


def recorded(seconds: float = 0.1) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(48_000)
        sound.writeframes(bytes(round(seconds * 96_000)))
    return file.getvalue()


WAV = recorded()
SOUNDS = {"wav": WAV, "mp3": MP3}


def missing(data: bytes) -> int:
    return bytes_missing(io.BytesIO(data))


@pytest.mark.parametrize("kind", SOUNDS)
def test_a_whole_sound_lacks_nothing(kind: str) -> None:
    assert missing(SOUNDS[kind]) == 0
    assert missing(SOUNDS[kind] + b"a tag at its end") == 0


@pytest.mark.parametrize("kind", SOUNDS)
@pytest.mark.parametrize("lost", [1, 100, 5000])
def test_a_sound_that_was_cut_lacks_what_was_cut_off(kind: str, lost: int) -> None:
    """H8: a decoder plays what is there, without any error."""
    assert missing(SOUNDS[kind][:-lost]) == lost


@pytest.mark.parametrize("track", sorted(DEMO.glob("*.mp3")), ids=lambda path: path.name)
def test_every_narration_of_the_bundled_story_is_whole(track: Path) -> None:
    assert missing(track.read_bytes()) == 0


@pytest.mark.parametrize("length", [0, 0x7FFFF000, 0x80000000, 0xFFFFFFFF])
def test_a_wav_that_was_written_to_a_pipe_does_not_say_how_long_it_is(length: int) -> None:
    place = WAV.index(b"data") + 4
    assert missing(WAV[:place] + struct.pack("<I", length) + WAV[place + 4 :]) == 0


def test_parts_before_the_samples_of_a_wav_are_passed_over() -> None:
    place = WAV.index(b"data")
    data = WAV[:place] + b"LIST" + struct.pack("<I", 5) + bytes(6) + WAV[place:]
    assert missing(data) == 0
    assert missing(data[:-7]) == 7


def test_an_mp3_that_counts_its_tag_too_is_whole() -> None:
    place = MP3.index(b"Info") + 4 + 8
    assert missing(MP3[:place] + struct.pack(">I", len(MP3)) + MP3[place + 4 :]) == 0


def test_an_mp3_without_a_count_does_not_say_how_long_it_is() -> None:
    place = MP3.index(b"Info") + 4
    without = MP3[:place] + struct.pack(">I", 0) + MP3[place + 4 :]
    assert missing(without[:-100]) == 0
    assert missing(MP3.replace(b"Info", b"none")[:-100]) == 0


@given(st.binary(max_size=200) | st.builds(lambda cut: (WAV + MP3)[cut:], st.integers(0, 20_000)))
def test_any_bytes_have_an_answer_and_are_left_at_their_beginning(data: bytes) -> None:
    file = io.BytesIO(data)
    assert bytes_missing(file) >= 0
    assert file.tell() == 0
