"""Compose Storyreel's background music: four quiet loops, from the scores in music_scores.py.

    python -m art.compose_music                    # write all four into music/
    python -m art.compose_music --only lantern     # or those whose file name contains a word

Background music repeats for as long as a film lasts, so a loop must not show where it begins. Each
piece is therefore rendered onto a circle: a note that rings past the last bar rings on into the
first, and the reverberation and the filters run round the circle as well. There is no fade
anywhere. The same seed makes the same sound.

The music must sit under a speaking voice: all pieces have the same loudness, without much treble or
sudden attacks.
"""

import argparse
import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
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
LOUDNESS = -20.0
"""LUFS."""
CEILING = -4.0
"""dBFS; with what Opus adds, peaks stay under -3."""
FRAME = 960
"""Samples: loops are whole Opus frames of 20 ms."""
SHAKER_HERTZ = 4200.0
"""The shaker has no pitch of its own."""

LOWEST_BASS = 37
"""MIDI pitch; a small loudspeaker gives nothing below."""
LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
ACCIDENTALS = {"": 0, "#": 1, "b": -1}
QUALITIES = {
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
    """One note: start and length in beats, MIDI pitch, and how hard it is struck, 0 to 1."""

    start: float
    length: float
    pitch: int
    velocity: float


@dataclass(frozen=True)
class Chord:
    """The MIDI pitches of a bar's accompaniment: the voices from the lowest, and the bass."""

    voices: tuple[int, ...]
    bass: int


def pitch_class(name: str) -> int:
    """The semitones above C of a note name such as "F#"."""
    return (LETTERS[name[0]] + ACCIDENTALS[name[1:]]) % 12


def midi_pitch(name: str) -> int:
    """The MIDI number of a name such as "F#5"; C4 is 60."""
    return 12 * (int(name[-1]) + 1) + LETTERS[name[0]] + ACCIDENTALS[name[1:-1]]


def hertz(pitch: float) -> float:
    """The frequency of a MIDI pitch in equal temperament; A4 is 440 Hz."""
    return float(440.0 * 2.0 ** ((pitch - 69) / 12.0))


def read_chord(symbol: str) -> tuple[frozenset[int], int]:
    """The pitch classes of a chord symbol such as "F#m7" or "D/F#", and that of its bass note.

    Raises ValueError when it is not one.
    """
    match = re.fullmatch(r"([A-G][#b]?)([a-z0-9]*)(?:/([A-G][#b]?))?", symbol)
    if match is None:
        raise ValueError(f"not a chord: {symbol}")
    root, quality, below = match.groups()
    classes = frozenset((pitch_class(root) + step) % 12 for step in QUALITIES[quality])
    return classes, pitch_class(below or root)


def voicings(classes: frozenset[int], register: tuple[int, int]) -> list[tuple[int, ...]]:
    """The ways to play a chord with four voices in a register, each from the lowest voice.

    Each has all notes of the chord, no clusters, and spans 17 semitones at most.
    """
    pitches = [pitch for pitch in range(register[0], register[1] + 1) if pitch % 12 in classes]
    chosen: list[tuple[int, ...]] = []
    for voices in combinations(pitches, 4):
        gaps = [high - low for low, high in pairwise(voices)]
        complete = {voice % 12 for voice in voices} == classes
        crowded = min(gaps) < 2 or gaps[0] < 3
        wide = voices[-1] - voices[0] > 17
        if complete and not crowded and not wide:
            chosen.append(voices)
    return chosen


def lead_voices(piece: Piece) -> list[Chord]:
    """The chord of each bar: voices move least from the bar before, and keep near the middle."""
    centre = sum(piece.register) / 2
    chords: list[Chord] = []
    for symbol in piece.chords:
        classes, bass_class = read_chord(symbol)
        before = chords[-1].voices if chords else ()
        effort = partial(effort_of, before=before, centre=centre)
        voices = min(voicings(classes, piece.register), key=effort)
        chords.append(Chord(voices, LOWEST_BASS + (bass_class - LOWEST_BASS) % 12))
    return chords


def effort_of(voices: tuple[int, ...], before: tuple[int, ...], centre: float) -> float:
    """How far a voicing moves from the one before (if there is one) and lies from the centre."""
    drift = abs(sum(voices) / len(voices) - centre)
    if not before:
        return drift
    moved = sum(abs(new - old) for new, old in zip(voices, before, strict=True))
    return moved + drift * 0.5


def figure_pitches(entry: str, chord: Chord) -> list[int]:
    """The MIDI pitches that a figure's entry means in a chord.

    "b" is the bass, a number one of the voices, "x" a note of an instrument without pitch; each
    "+" is an octave up.
    """
    pitches = []
    for voice in entry.split(","):
        name = voice.rstrip("+")
        if name == "b":
            base = chord.bass
        elif name == "x":
            base = 60
        else:
            base = chord.voices[int(name)]
        pitches.append(base + 12 * voice.count("+"))
    return pitches


def read_bar(text: str, beats: int) -> Iterator[tuple[float, float, str]]:
    """A bar as (start, length, what is played) in beats, without its rests.

    Raises ValueError when the bar is not full.
    """
    position = 0.0
    for entry in text.split():
        played, length = entry.split("/")
        if played != "-":
            yield position, float(length), played
        position += float(length)
    if abs(position - beats) > 1e-9:
        raise ValueError(f"{position} beats in a bar of {beats}: {text}")


def stress(position: float, bar: int, beats: int) -> float:
    """How hard to play, 0 to 1: most on the first beat, more and less over eight bars."""
    if position == 0:
        metre = 1.0
    elif position in (beats / 2, beats - 1):
        metre = 0.9
    else:
        metre = 0.8
    phrase = 0.9 + 0.1 * np.sin(np.pi * (bar % 8 + position / beats) / 8)
    return float(0.78 * metre * phrase)


def part_notes(piece: Piece, part: Part, chords: list[Chord]) -> Iterator[Note]:
    """Everything one player plays."""
    beats = piece.beats_in_bar
    for bar, chord in enumerate(chords):
        if bar in part.rests:
            continue
        text = part.melody[bar] if part.melody else part.figures[bar % len(part.figures)]
        for position, length, played in read_bar(text, beats):
            pitches = [midi_pitch(played)] if part.melody else figure_pitches(played, chord)
            late = piece.swing - 0.5 if position % 1 == 0.5 else 0.0
            start = bar * beats + (position + late)
            for pitch in pitches:
                force = stress(position, bar, beats)
                yield Note(start, length, pitch + 12 * part.octave, force)


def loop_length(piece: Piece) -> int:
    """The samples of a loop: its bars at its tempo, rounded to whole Opus frames."""
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
    """One part on the circle, shaped (2, samples), played as a person would.

    No note is quite on time, and no two are equally loud.
    """
    length = loop_length(piece)
    beat = length / RATE / (len(chords) * piece.beats_in_bar)
    channels = np.zeros((2, length))
    angle = np.pi / 4 * (1.0 + part.pan)  # equal power wherever the player sits
    sides = np.array((np.cos(angle), np.sin(angle))) * from_decibels(part.level)
    for note in part_notes(piece, part, chords):
        start = round((note.start * beat + chance.normal(0.0, piece.looseness)) * RATE)
        velocity = float(np.clip(note.velocity * chance.normal(1.0, 0.08), 0.2, 1.0))
        frequency = SHAKER_HERTZ if part.instrument is shaker else hertz(note.pitch)

        take = part.instrument(frequency, note.length * beat, velocity, chance)
        other = take
        if part.wide:
            other = part.instrument(frequency, note.length * beat, velocity, chance)
        add_on_circle(channels[0], start, sides[0] * take)
        add_on_circle(channels[1], start, sides[1] * other)
    return channels


def reverberation(seconds: float, chance: np.random.Generator) -> FloatArray:
    """The impulse response of a hall, shaped (2, samples): noise that dies, the treble sooner.

    It begins after a short delay. Decaying noise is the classic model of a diffuse hall (J. A.
    Moorer, "About this reverberation business", 1979).
    """
    moment = np.arange(round(1.3 * seconds * RATE)) / RATE
    hall = np.zeros((2, moment.size))
    for low, high, share in ((150.0, 600.0, 1.1), (600.0, 2400.0, 0.9), (2400.0, 7000.0, 0.45)):
        noise = chance.standard_normal((2, moment.size))
        above = shape_spectrum(noise, RATE, high_pass_response(low))
        band = shape_spectrum(above, RATE, low_pass_response(high, 2))
        hall += band * np.exp(-6.9 * moment / (seconds * share)) * np.minimum(moment / 0.03, 1.0)
    delayed = np.pad(hall, ((0, 0), (round(0.022 * RATE), 0)))
    strength: FloatArray = np.sqrt(np.sum(delayed**2, axis=1, keepdims=True))
    return delayed / strength


def sea(length: int, chance: np.random.Generator) -> FloatArray:
    """Waves on a shore, shaped (2, samples): dull looped noise that swells seven times in a loop.

    It swells at other times on the left than on the right.
    """
    noise = shape_spectrum(chance.standard_normal((2, length)), RATE, low_pass_response(420.0))
    dull = shape_spectrum(noise, RATE, high_pass_response(120.0))
    turn = 2.0 * np.pi * np.arange(length) / length
    swell = np.stack(
        [(0.55 + 0.45 * np.sin(7 * turn + shift) * np.cos(2 * turn)) ** 2 for shift in (0.0, 0.9)]
    )
    waves: FloatArray = dull * swell
    return waves / float(np.sqrt(np.mean(waves**2)))


def render(piece: Piece) -> FloatArray:
    """All parts of a piece together in their hall, at their level, shaped (2, samples)."""
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
    rumble = high_pass_response(38.0)
    hiss = low_pass_response(piece.dullness)
    mix = shape_spectrum(dry + hall, RATE, lambda hertz: rumble(hertz) * hiss(hertz))
    return bring_to_loudness(mix, RATE, LOUDNESS, CEILING)


def write_piece(piece: Piece, music: Path) -> str:
    """Render a piece into its file; returns a line about what came out."""
    path = music / piece.file
    write_loop(render(piece), path, BIT_RATE)
    heard, rate = decode(path)
    levels = f"{loudness(heard, rate):.1f} LUFS, peak {peak_decibels(heard):.1f} dB"
    size = f"{path.stat().st_size / 1000:.0f} kB"
    return f"{piece.file}: {heard.shape[1] / rate:.2f} s, {levels}, {size}"


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
