"""Speak the demo story: read its manifest, let a free voice narrate each page, write the mp3 files.

    python -m art.speak_narration             # speak all pages with the better voice
    python -m art.speak_narration --compare   # measure both voices, write nothing

It needs Debian's festival with festvox-us-slt-hts (flite too, to compare), and PyAV with
libmp3lame. The demo's narration is in the repository; this is for speaking it again after a change
of text.

Festival's HTS voice is the default because it measured better than flite's on the six pages (see
--compare): it carries sound up to 16 kHz where flite's stops at 8 kHz, and its pitch moves more.
Both breathe too briefly for a bedtime story, so each pause is stretched here, by the mark at which
it stands.
"""

import argparse
import json
import re
from dataclasses import astuple
from pathlib import Path

import numpy as np

from art.audio_tools import (
    FloatArray,
    bring_to_loudness,
    convolve_circular,
    decode,
    encode,
    high_pass_response,
    loudness,
    peak_decibels,
    resample,
    shape_spectrum,
    shelf_response,
)
from art.voice_measures import measure_voice
from art.voices import VOICES, Speech

STORY = Path(__file__).resolve().parent.parent / "daemon" / "demo" / "the-fox-and-the-lighthouse"
RATE = 44_100
BIT_RATE = 64_000

LOUDNESS = -18.0
"""LUFS: clear on a phone, with headroom for peaks of -3 dBFS."""
CEILING = -3.5
"""dBFS; half a decibel is left for what the mp3 encoder adds."""
LAME_SCALE = 0.95
"""LAME turns its input down by this factor at such bit rates; `narrate` makes up for it."""

BREATHS = ("On a hill above the sea", "far out on the water")
"""Where the narrator takes a breath although the text has no mark."""

# Seconds of silence: at each mark, between sentences, and at both ends of a page.
PAUSES = {",": 0.34, ":": 0.5, ";": 0.45, "breath": 0.2}
SENTENCE_PAUSE = 0.7
EDGE_SILENCE = 0.12
AUDIBLE = -52.0
"""Sound counts as speech above this level, in decibels against the loudest 10 ms."""

ROOM_SEED = 20
ROOM_SECONDS = 0.32
"""Until the reverberation has fallen by 60 dB: a small furnished room."""
ROOM_LEVEL = -17.0
"""Decibels: energy of the room against that of the voice."""


# ---- text ----------------------------------------------------------------------------------------


def read_texts(story: Path) -> list[tuple[str, str]]:
    """Each page's sound file name and text, from the story's manifest."""
    manifest = json.loads((story / "manifest.json").read_text(encoding="utf-8"))
    return [(page["audio"], page["text"]) for page in manifest["pages"]]


def split_sentences(text: str) -> list[str]:
    """A page's sentences, each with its mark."""
    return re.findall(r"[^.!?]+[.!?]+", text)


def mark_breaths(sentence: str) -> tuple[str, list[str]]:
    """The sentence with a comma at each breath, and its marks in order ("breath" for ours)."""
    for words in BREATHS:
        sentence = sentence.replace(words, words + "|")
    marks = ["breath" if mark == "|" else mark for mark in re.findall("[,:;|]", sentence)]
    return sentence.strip().replace("|", ","), marks


# ---- the bare voice ------------------------------------------------------------------------------


def silence(seconds: float, rate: int) -> FloatArray:
    """Nothing, for that long."""
    return np.zeros(round(seconds * rate))


def fade_edges(samples: FloatArray, rate: int, start: float, end: float) -> FloatArray:
    """The sound faded in and out along a half cosine, over the given seconds."""
    rise = 0.5 - 0.5 * np.cos(np.pi * np.arange(round(start * rate)) / round(start * rate))
    fall = 0.5 + 0.5 * np.cos(np.pi * np.arange(round(end * rate)) / round(end * rate))
    gain = np.ones(samples.size)
    gain[: rise.size] *= rise
    gain[gain.size - fall.size :] *= fall
    return samples * gain


def soften_joint(piece: FloatArray, rate: int) -> FloatArray:
    """The piece with 5 ms faded at both ends, so that a cut inside a pause cannot click."""
    return fade_edges(piece, rate, 0.005, 0.005)


def audible_span(samples: FloatArray, rate: int) -> tuple[int, int]:
    """The first sample of the speech, and the one after its last, in steps of 10 ms."""
    width = round(0.01 * rate)
    blocks = samples[: samples.size // width * width].reshape(-1, width)
    level = np.sqrt(np.mean(blocks**2, axis=1))
    loud = np.flatnonzero(level > level.max() * 10.0 ** (AUDIBLE / 20.0))
    return int(loud[0]) * width, (int(loud[-1]) + 1) * width


def stretch_pauses(speech: Speech, marks: list[str]) -> FloatArray:
    """A sentence whose pauses are opened in their middle, each to the length that its mark asks
    for.

    Raises ValueError when the voice did not pause once at each mark.
    """
    if len(marks) != len(speech.pauses):
        raise ValueError(f"the voice paused {len(speech.pauses)} times at {len(marks)} marks")
    pieces: list[FloatArray] = []
    done = 0
    for mark, (start, end) in zip(marks, speech.pauses, strict=True):
        middle = round((start + end) / 2 * speech.rate)
        pieces.append(soften_joint(speech.samples[done:middle], speech.rate))
        pieces.append(silence(max(0.0, PAUSES[mark] - (end - start)), speech.rate))
        done = middle
    pieces.append(soften_joint(speech.samples[done:], speech.rate))
    return np.concatenate(pieces)


def speak_page(text: str, voice: str) -> tuple[FloatArray, int]:
    """The sentences of a page one after the other, and their sample rate."""
    pieces: list[FloatArray] = []
    rate = 0
    for sentence in split_sentences(text):
        spoken, marks = mark_breaths(sentence)
        speech = VOICES[voice](spoken)
        rate = speech.rate
        joined = stretch_pauses(speech, marks)

        start, end = audible_span(joined, rate)
        margin = round(0.03 * rate)
        pieces.append(soften_joint(joined[max(0, start - margin) : end + margin], rate))
        pieces.append(silence(SENTENCE_PAUSE, rate))
    return np.concatenate(pieces[:-1]), rate


# ---- the finished narration ----------------------------------------------------------------------


def room_impulse(rate: int) -> FloatArray:
    """The impulse response of a small warm room: noise that dies away, duller than the voice."""
    time = np.arange(round(ROOM_SECONDS * rate)) / rate
    fall = 10.0 ** (-3.0 * time / ROOM_SECONDS)
    noise = np.random.default_rng(ROOM_SEED).standard_normal(time.size) * fall
    noise[: round(0.008 * rate)] = 0.0  # the nearest wall is more than a metre away

    rumble = high_pass_response(180.0)
    warm = shape_spectrum(
        noise, rate, lambda hertz: rumble(hertz) / np.sqrt(1 + (hertz / 2500) ** 4)
    )
    room: FloatArray = warm * 10.0 ** (ROOM_LEVEL / 20.0) / np.sqrt(np.sum(warm**2))
    room[0] += 1.0  # the voice itself
    return room


def trim(samples: FloatArray, rate: int) -> FloatArray:
    """The sound with exactly a breath of silence before its first sound and after its last."""
    start, end = audible_span(samples, rate)
    edge = silence(EDGE_SILENCE, rate)
    padded = np.concatenate((edge, samples, edge))
    return padded[start : end + 2 * edge.size]


def finish(samples: FloatArray, rate: int) -> FloatArray:
    """The bare voice as a narration: cleaned, brightened a little, in a room, trimmed, levelled."""
    padded = np.concatenate((silence(0.2, RATE), resample(samples, rate, RATE), silence(0.6, RATE)))
    clean = shape_spectrum(padded, RATE, high_pass_response(75.0))
    bright = shape_spectrum(clean, RATE, shelf_response(3200.0, 2.5))
    roomy = trim(convolve_circular(bright, room_impulse(RATE)), RATE)
    levelled = bring_to_loudness(roomy, RATE, LOUDNESS, CEILING)
    return fade_edges(levelled, RATE, 0.03, 0.1)


# ---- the program ---------------------------------------------------------------------------------


def compare(texts: list[str]) -> None:
    """Print the figures of both voices over the whole story."""
    print("voice     bandwidth  pitch   deviation  range    pauses  share of time")
    for name, speak in VOICES.items():
        sentences = [
            speak(mark_breaths(sentence)[0]) for text in texts for sentence in split_sentences(text)
        ]
        bandwidth, pitch, deviation, width, share, pauses = astuple(measure_voice(sentences))
        spectrum = f"{bandwidth:6.0f} Hz {pitch:4.0f} Hz {deviation:6.2f} st {width:6.1f} st"
        print(f"{name:9} {spectrum} {pauses:6}  {share:7.1%}")


def narrate(story: Path, voice: str) -> None:
    """Speak every page of the story into its mp3 file."""
    for name, text in read_texts(story):
        page = finish(*speak_page(text, voice))
        path = story / name
        encode(page / LAME_SCALE, RATE, path, "libmp3lame", BIT_RATE, {"compression_level": "0"})

        heard, rate = decode(path)
        levels = f"{loudness(heard, rate):.1f} LUFS, peak {peak_decibels(heard):.1f} dB"
        size = f"{path.stat().st_size / 1000:.0f} kB"
        print(f"{name}: {heard.shape[1] / rate:.2f} s, {levels}, {size}")


def main() -> None:
    """Read the command line and do as it says."""
    parser = argparse.ArgumentParser(description="Speak the narration of the demo story.")
    parser.add_argument(
        "--story", type=Path, default=STORY, help="folder with the manifest.json to read aloud"
    )
    parser.add_argument("--voice", choices=sorted(VOICES), default="festival")
    parser.add_argument("--compare", action="store_true", help="only measure both voices")
    arguments = parser.parse_args()
    if arguments.compare:
        compare([text for _, text in read_texts(arguments.story)])
    else:
        narrate(arguments.story, arguments.voice)


if __name__ == "__main__":
    main()
