"""Compose and synthesise Storyreel's background music: four quiet loops, from the scores in music_scores.py.

    python scripts/compose_music.py                    # write all four into music/
    python scripts/compose_music.py --only lantern     # or those whose file name contains a word

Background music repeats for as long as a film lasts, so a loop must not show where it begins. Each piece is therefore
rendered onto a circle: a note that rings past the last bar goes on ringing into the first, and the reverberation and
the filters run round the circle as well. There is no fade anywhere. Same seed, same sound: nothing is left to chance.

Levels are set to sit under a speaking voice: all at the same loudness, without much treble or sudden attacks.
"""

import argparse
import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
from art.audio_tools import (
    FloatArray,
    bring_to_loudness,
    convolve_circular,
    decode,
    from_decibels,
    high_pass_response,
    loudness,
    low_pass_response,
    peak_decibels,
    shape_spectrum,
)
from art.instruments import shaker
from art.music_scores import PIECES, Part, Piece
from art.opus_loop import RATE, write_loop

MUSIC = Path(__file__).resolve().parent.parent / "music"
BIT_RATE = 84_000
LOUDNESS = -20.0  # LUFS
CEILING = -4.0  # decibels; what Opus adds to the peaks stays under -3
FRAME = 960  # samples: loops are whole Opus frames of 20 ms

_LOWEST_BASS = 37  # MIDI pitch; a small loudspeaker gives nothing below
_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTALS = {"": 0, "#": 1, "b": -1}
_QUALITIES = {
    "": (0, 4, 7),
    "add9": (0, 2, 4, 7),
    "m": (0, 3, 7),
    "m6": (0, 3, 7, 9),
    "m7": (0, 3, 7, 10),
    "m9": (2, 3, 7, 10),
    "maj7": (0, 4, 7, 11),
    "maj9": (2, 4, 7, 11),
    "7": (0, 4, 7, 10),
    "sus4": (0, 5, 7),
    "7sus4": (0, 5, 7, 10),
}


@dataclass(frozen=True)
class Note:
    """One note: when it starts and how long it lasts in beats, its MIDI pitch, and how hard it is struck, 0 to 1."""

    start: float
    length: float
    pitch: int
    velocity: float


@dataclass(frozen=True)
class Chord:
    """What the accompaniment plays in a bar: the voices from the lowest, and the bass note."""

    voices: tuple[int, ...]
    bass: int


def pitch_class(name: str) -> int:
    """Turn a note name such as "F#" into semitones above C."""
    return (_LETTERS[name[0]] + _ACCIDENTALS[name[1:]]) % 12


def midi_pitch(name: str) -> int:
    """Turn a name such as "F#5" into its MIDI number, C4 being 60."""
    return 12 * (int(name[-1]) + 1) + _LETTERS[name[0]] + _ACCIDENTALS[name[1:-1]]


def hertz(pitch: float) -> float:
    """Give the frequency of a MIDI pitch in equal temperament, A4 being 440 Hz."""
    return float(440.0 * 2.0 ** ((pitch - 69) / 12.0))


def read_chord(symbol: str) -> tuple[frozenset[int], int]:
    """Read a chord symbol such as "F#m7" or "D/F#" into its pitch classes and the bass note's."""
    match = re.fullmatch(r"([A-G][#b]?)([a-z0-9]*)(?:/([A-G][#b]?))?", symbol)
    if match is None:
        raise ValueError(f"no chord: {symbol}")
    root, quality, below = match.groups()
    classes = frozenset((pitch_class(root) + step) % 12 for step in _QUALITIES[quality])
    return classes, pitch_class(below or root)


def voicings(classes: frozenset[int], register: tuple[int, int]) -> list[tuple[int, ...]]:
    """List the ways to play a chord with four voices in a register: complete, no clusters, no wider than a tenth."""
    pitches = [pitch for pitch in range(register[0], register[1] + 1) if pitch % 12 in classes]
    chosen: list[tuple[int, ...]] = []
    for voices in combinations(pitches, 4):
        gaps = [high - low for low, high in pairwise(voices)]
        crowded = min(gaps) < 2 or gaps[0] < 3
        if (
            {voice % 12 for voice in voices} == classes
            and not crowded
            and voices[-1] - voices[0] <= 17
        ):
            chosen.append(voices)
    return chosen


def lead_voices(piece: Piece) -> list[Chord]:
    """Choose for each bar the voicing whose voices move least from the bar before, keeping near the middle."""
    centre = sum(piece.register) / 2
    chords: list[Chord] = []
    before: tuple[int, ...] | None = None
    for symbol in piece.chords:
        classes, bass_class = read_chord(symbol)

        def effort(voices: tuple[int, ...], before: tuple[int, ...] | None = before) -> float:
            drift = abs(sum(voices) / len(voices) - centre)
            moved = (
                sum(abs(new - old) for new, old in zip(voices, before, strict=True))
                if before
                else 0
            )
            return moved + drift * (0.5 if before else 1.0)

        before = min(voicings(classes, piece.register), key=effort)
        chords.append(Chord(before, _LOWEST_BASS + (bass_class - _LOWEST_BASS) % 12))
    return chords


def figure_pitches(entry: str, chord: Chord) -> list[int]:
    """Find what a figure's entry plays in a chord: "b" the bass, numbers the voices, each "+" an octave higher."""
    pitches = []
    for voice in entry.split(","):
        name, octaves = voice.rstrip("+"), voice.count("+")
        base = chord.bass if name == "b" else 60 if name == "x" else chord.voices[int(name)]
        pitches.append(base + 12 * octaves)
    return pitches


def read_bar(text: str, beats: int) -> Iterator[tuple[float, float, str]]:
    """Read a bar into (start, length, what is played), rests left out, and insist that it is full."""
    position = 0.0
    for entry in text.split():
        played, length = entry.split("/")
        if played != "-":
            yield position, float(length), played
        position += float(length)
    if abs(position - beats) > 1e-9:
        raise ValueError(f"{position} beats in a bar of {beats}: {text}")


def stress(position: float, bar: int, beats: int) -> float:
    """Say how hard to play at a place: strongest on the first beat, growing and shrinking over eight bars."""
    metre = 1.0 if position == 0 else 0.9 if position in (beats / 2, beats - 1) else 0.8
    phrase = 0.9 + 0.1 * np.sin(np.pi * (bar % 8 + position / beats) / 8)
    return float(0.78 * metre * phrase)


def part_notes(piece: Piece, part: Part, chords: list[Chord]) -> Iterator[Note]:
    """Write out everything one player plays."""
    for bar, chord in enumerate(chords):
        if bar in part.rests:
            continue
        text = part.melody[bar] if part.melody else part.figures[bar % len(part.figures)]
        for position, length, played in read_bar(text, piece.beats_in_bar):
            pitches = [midi_pitch(played)] if part.melody else figure_pitches(played, chord)
            swung = position + (piece.swing - 0.5 if position % 1 == 0.5 else 0.0)
            for pitch in pitches:
                force = stress(position, bar, piece.beats_in_bar)
                yield Note(
                    bar * piece.beats_in_bar + swung, length, pitch + 12 * part.octave, force
                )


def loop_length(piece: Piece) -> int:
    """Count the samples of a loop: its bars at its tempo, rounded to whole Opus frames."""
    seconds = len(piece.chords) * piece.beats_in_bar * 60.0 / piece.tempo
    return round(seconds * RATE / FRAME) * FRAME


def add_on_circle(channel: FloatArray, start: int, sound: FloatArray) -> None:
    """Add a sound to a looped channel; what runs over the end goes on at the beginning."""
    start %= channel.size
    first = sound[: channel.size - start]
    channel[start : start + first.size] += first
    rest = sound[first.size :]
    channel[: rest.size] += rest


def render_part(
    piece: Piece, part: Part, chords: list[Chord], chance: np.random.Generator
) -> FloatArray:
    """Play one part onto the circle, in stereo, as a person would: never quite on time, never twice as loud."""
    length = loop_length(piece)
    beat = length / RATE / (len(chords) * piece.beats_in_bar)
    channels = np.zeros((2, length))
    angle = np.pi / 4 * (1.0 + part.pan)  # equal power wherever the player sits
    sides = np.array((np.cos(angle), np.sin(angle))) * from_decibels(part.level)
    for note in part_notes(piece, part, chords):
        start = round((note.start * beat + chance.normal(0.0, piece.looseness)) * RATE)
        velocity = float(np.clip(note.velocity * chance.normal(1.0, 0.08), 0.2, 1.0))
        pitch = 4200.0 if part.instrument is shaker else hertz(note.pitch)
        take = part.instrument(pitch, note.length * beat, velocity, chance)
        other = part.instrument(pitch, note.length * beat, velocity, chance) if part.wide else take
        add_on_circle(channels[0], start, sides[0] * take)
        add_on_circle(channels[1], start, sides[1] * other)
    return channels


def reverberation(seconds: float, chance: np.random.Generator) -> FloatArray:
    """Make a stereo hall: noise that dies exponentially, the treble sooner than the bass, after a short delay.

    Decaying noise is the classic model of a diffuse hall (J. A. Moorer, "About this reverberation business", 1979).
    """
    moment = np.arange(round(1.3 * seconds * RATE)) / RATE
    hall = np.zeros((2, moment.size))
    for low, high, share in ((150.0, 600.0, 1.1), (600.0, 2400.0, 0.9), (2400.0, 7000.0, 0.45)):
        noise = chance.standard_normal((2, moment.size))
        band = shape_spectrum(
            shape_spectrum(noise, RATE, high_pass_response(low)), RATE, low_pass_response(high, 2)
        )
        hall += band * np.exp(-6.9 * moment / (seconds * share)) * np.minimum(moment / 0.03, 1.0)
    delayed = np.pad(hall, ((0, 0), (round(0.022 * RATE), 0)))
    strength: FloatArray = np.sqrt(np.sum(delayed**2, axis=1, keepdims=True))
    return delayed / strength


def sea(length: int, chance: np.random.Generator) -> FloatArray:
    """Let waves run up a shore: looped noise, dull, swelling seven times in the loop and differently left and right."""
    noise = shape_spectrum(chance.standard_normal((2, length)), RATE, low_pass_response(420.0))
    dull = shape_spectrum(noise, RATE, high_pass_response(120.0))
    turn = 2.0 * np.pi * np.arange(length) / length
    swell = np.stack(
        [(0.55 + 0.45 * np.sin(7 * turn + shift) * np.cos(2 * turn)) ** 2 for shift in (0.0, 0.9)]
    )
    waves: FloatArray = dull * swell
    return waves / float(np.sqrt(np.mean(waves**2)))


def render(piece: Piece) -> FloatArray:
    """Play all parts of a piece together in their hall, and bring them to their level."""
    chance = np.random.default_rng(piece.seed)
    chords = lead_voices(piece)
    dry = np.zeros((2, loop_length(piece)))
    sent = np.zeros_like(dry)
    for part in piece.parts:
        played = render_part(piece, part, chords, chance)
        dry += played
        sent += played * part.echo
    hall = convolve_circular(0.75 * sent + 0.25 * sent[::-1], reverberation(piece.room, chance))
    if piece.sea is not None:
        dry += sea(loop_length(piece), chance) * from_decibels(piece.sea)
    rumble, hiss = high_pass_response(38.0), low_pass_response(piece.dullness)
    mix = shape_spectrum(dry + hall, RATE, lambda hertz: rumble(hertz) * hiss(hertz))
    return bring_to_loudness(mix, RATE, LOUDNESS, CEILING)


def write_piece(piece: Piece, music: Path) -> str:
    """Render a piece into its file and tell what came out."""
    path = music / piece.file
    write_loop(render(piece), path, BIT_RATE)
    heard, rate = decode(path)
    levels = f"{loudness(heard, rate):.1f} LUFS, peak {peak_decibels(heard):.1f} dB"
    return f"{piece.file}: {heard.shape[1] / rate:.2f} s, {levels}, {path.stat().st_size / 1000:.0f} kB"


def main() -> None:
    """Read the command line and render the pieces asked for, two at a time."""
    parser = argparse.ArgumentParser(description="Compose Storyreel's background music.")
    parser.add_argument("--music", type=Path, default=MUSIC, help="folder with the mood folders")
    parser.add_argument("--only", default="", help="part of the name of the pieces to render")
    arguments = parser.parse_args()
    wanted = [piece for piece in PIECES if arguments.only in piece.file]
    with ProcessPoolExecutor(max_workers=2) as workers:
        for line in workers.map(write_piece, wanted, [arguments.music] * len(wanted)):
            print(line)


if __name__ == "__main__":
    main()
