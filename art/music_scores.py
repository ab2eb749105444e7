"""The four background pieces, written down: chords, melodies, and who plays what. All of it is our
own.

A melody is one string a bar, with notes as "pitch/beats"; "-" is a rest. A figure is what an
accompanist does with the chord of each bar, as "voice/beats": voices are numbered from the lowest,
"b" is the bass note, "x" a note of an instrument without pitch, "+" an octave up. The beat is the
one that the tempo counts: quavers in 6/8, crotchets otherwise.
"""

from dataclasses import dataclass

from art.instruments import (
    Instrument,
    bass,
    felt_piano,
    glass,
    harp,
    kalimba,
    marimba,
    pad,
    pizzicato,
    shaker,
)


@dataclass(frozen=True)
class Part:
    """One player: a melody or a figure, where they sit and how loud they play."""

    instrument: Instrument
    level: float
    """Decibels."""
    pan: float = 0.0
    """-1 is left, 1 is right."""
    echo: float = 0.3
    """The share sent to the reverberation."""
    melody: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    """Taken in turn, bar by bar, where there is no melody."""
    octave: int = 0
    wide: bool = False
    """Two different takes, left and right."""
    rests: frozenset[int] = frozenset()
    """Bars left out, counted from 0."""


@dataclass(frozen=True)
class Piece:
    """A piece of music that ends where it begins."""

    file: str
    key: str
    tempo: float
    beats_in_bar: int
    chords: tuple[str, ...]
    parts: tuple[Part, ...]
    seed: int
    register: tuple[int, int] = (53, 72)
    """MIDI pitches between which chords are voiced."""
    swing: float = 0.5
    """Where the off-beat half falls within its beat."""
    looseness: float = 0.010
    """Seconds, standard deviation of when a note starts."""
    room: float = 2.2
    """Seconds until the reverberation has fallen by 60 dB."""
    dullness: float = 6000.0
    """Hertz, above which the whole mix falls off."""
    sea: float | None = None
    """Decibels of waves on a shore, if there is one."""


def bars(text: str) -> tuple[str, ...]:
    """Split a line of music at its bar lines."""
    return tuple(bar.strip() for bar in text.split("|"))


# A barcarolle: the boat rocks in 6/8, felt piano over warm strings, with the sea far away.
HARBOUR = Piece(
    file="calm/harbour.ogg",
    key="D major",
    tempo=126,
    beats_in_bar=6,
    chords=bars(
        "Dadd9 | Bm7 | G | D/F# | Em7 | G | A7sus4 | A7 |"
        "Bm7 | F#m7 | G | Dadd9 | Em7 | D/F# | Gmaj7 | A7sus4 |"
        "Dadd9 | Bm7 | G | D/F# | Em7 | A7 | Dadd9 | A7sus4"
    ),
    parts=(
        Part(
            felt_piano,
            -4.5,
            pan=0.12,
            echo=0.4,
            melody=bars(
                "F#5/3 A5/3 | F#5/2 E5/1 D5/3 | B4/3 D5/2 E5/1 | F#5/5 -/1 |"
                "G5/3 F#5/2 E5/1 | D5/3 B4/3 | E5/3 D5/2 E5/1 | C#5/4 -/2 |"
                "D5/3 F#5/3 | E5/2 C#5/1 A4/3 | B4/3 D5/2 G5/1 | F#5/5 -/1 |"
                "G5/2 A5/1 B5/3 | A5/3 F#5/2 D5/1 | B4/3 D5/3 | E5/4 -/2 |"
                "F#5/3 A5/3 | B5/2 A5/1 F#5/3 | G5/3 E5/2 D5/1 | F#5/5 -/1 |"
                "E5/2 F#5/1 G5/3 | E5/3 C#5/3 | D5/5 -/1 | -/6"
            ),
        ),
        Part(
            felt_piano,
            -13.5,
            pan=-0.22,
            figures=("0/1 1/1 2/1 3/1 2/1 1/1", "0/1 2/1 1/1 3/1 1/1 2/1"),
        ),
        Part(pad, -20.5, echo=0.5, figures=("0,1,2,3/6",), wide=True),
        Part(bass, -13.0, echo=0.1, figures=("b/3 b/3", "b/6")),
        Part(glass, -23.0, pan=0.5, echo=0.8, figures=("-/3 3+/3", "-/6", "-/6", "-/4 2+/2")),
    ),
    seed=11,
    room=2.4,
    dullness=5000.0,
    sea=-50.0,
)

# A lullaby in 3/4: thumb piano over a harp, with a minor fourth degree and a borrowed seventh.
LANTERN = Piece(
    file="calm/lantern.ogg",
    key="F major",
    tempo=76,
    beats_in_bar=3,
    chords=bars(
        "F | Am7 | Bbmaj7 | F/A | Gm7 | C7sus4 | Fadd9 | C7sus4 |"
        "Dm7 | Am7 | Bbmaj7 | F | Gm7 | Dm7 | Ebmaj7 | C7sus4 |"
        "F | Am7 | Bbmaj7 | Bbm6 | F/C | C7sus4 | Fadd9 | Fadd9"
    ),
    parts=(
        Part(
            kalimba,
            -6.5,
            pan=-0.15,
            echo=0.4,
            melody=bars(
                "C5/2 F5/1 | E5/2 C5/1 | D5/1 C5/1 A4/1 | C5/3 |"
                "Bb4/2 D5/1 | C5/1 Bb4/1 G4/1 | A4/3 | -/3 |"
                "D5/2 F5/1 | E5/2 C5/1 | D5/1 F5/1 A5/1 | A5/2 F5/1 |"
                "G5/1 F5/1 D5/1 | F5/2 D5/1 | D5/1 Eb5/1 G5/1 | F5/2 -/1 |"
                "C5/2 F5/1 | E5/2 C5/1 | D5/1 F5/1 A5/1 | G5/1 F5/1 Db5/1 |"
                "C5/2 A4/1 | Bb4/1 G4/1 C5/1 | A4/3 | -/3"
            ),
        ),
        Part(
            harp,
            -14.0,
            pan=0.25,
            figures=(
                "b+/1 1/0.5 2/0.5 3/1",
                "b+/1 2/0.5 1/0.5 3/1",
                "b+/0.5 0/0.5 1/0.5 2/0.5 3/0.5 2/0.5",
            ),
        ),
        Part(pad, -19.3, echo=0.5, figures=("0,1,2/3",), wide=True),
        Part(bass, -13.3, echo=0.1, figures=("b/3",)),
        Part(glass, -21.0, pan=-0.5, echo=0.8, figures=("-/3", "-/2 3+/1", "-/3", "-/1 2+/2")),
    ),
    seed=23,
    register=(55, 74),
    room=2.0,
    dullness=6000.0,
)

HOP = "D5/0.5 -/0.5 G5/0.5 -/0.5 B5/1 A5/0.5 G5/0.5"
SKIP = "E5/0.5 -/0.5 G5/0.5 -/0.5 B5/1 -/1"
TURN = "C6/0.5 -/0.5 B5/0.5 A5/0.5 G5/1 E5/1 | F#5/0.5 A5/0.5 -/0.5 F#5/0.5 D5/1 -/1"
CLIMB = "E5/0.5 -/0.5 G5/0.5 -/0.5 B5/0.5 D6/0.5 B5/1"
LAND = f"{HOP} | {CLIMB} | C6/0.5 A5/0.5 -/0.5 F#5/0.5 A5/1 F#5/1 | G5/1 D5/1 G5/1 -/1"
HALF = f"{HOP} | {CLIMB} | C6/0.5 A5/0.5 -/0.5 E5/0.5 G5/1 A5/1 | F#5/1 D5/1 -/2"
BRIDGE = (
    "E5/1 G5/1 C6/1 G5/1 | D5/0.5 E5/0.5 G5/1 B5/1 -/1 |"
    "C6/0.5 B5/0.5 A5/1 E5/1 A5/1 | B5/1.5 G5/0.5 D5/1 -/1 |"
    "E5/0.5 G5/0.5 -/0.5 C6/0.5 E6/1 C6/1 | D6/1 B5/0.5 A5/0.5 F#5/1 -/1 |"
    "C#6/0.5 -/0.5 A5/0.5 -/0.5 G5/1 E5/1 | F#5/0.5 A5/0.5 C6/1 A5/0.5 F#5/0.5 D5/1"
)

# A skipping game: marimba and plucked fiddles, swung a little, with rice in a tin.
HOPSCOTCH = Piece(
    file="playful/hopscotch.ogg",
    key="G major",
    tempo=104,
    beats_in_bar=4,
    chords=bars(
        "G | Em7 | C | D7 | G | Em7 | Am7 | D7 | G | Em7 | C | D7 | G | Em7 | D7 | G |"
        "C | G/B | Am7 | G | C | Bm7 | A7 | D7 | G | Em7 | C | D7 | G | Em7 | D7 | G"
    ),
    parts=(
        Part(
            marimba,
            -3.5,
            pan=-0.12,
            echo=0.25,
            octave=-1,
            melody=bars(
                f"{HOP} | {SKIP} | {TURN} | {HALF} | {HOP} | {SKIP} | {TURN} | {LAND} | {BRIDGE} |"
            )[:24]
            + bars(f"{HOP} | {SKIP} | {TURN} | {LAND}"),
        ),
        Part(
            kalimba,
            -15.0,
            pan=0.4,
            echo=0.4,
            melody=("-/4",) * 8
            + bars(f"{HOP} | {SKIP} | {TURN} | {LAND}")
            + ("-/4",) * 8
            + bars(f"{HOP} | {SKIP} | {TURN} | {LAND}"),
        ),
        Part(bass, -15.0, echo=0.1, figures=("b/1 -/1 b/1 -/1", "b/1.5 -/2.5")),
        Part(pizzicato, -7.5, pan=0.05, echo=0.15, octave=1, figures=("b/2 b/1 b/1", "b/2 b/2")),
        Part(
            pizzicato,
            -14.5,
            pan=0.3,
            echo=0.3,
            figures=("-/1 1,2,3/1 -/1 1,2,3/0.5 2/0.5", "-/1 1,2,3/1 -/1 1,2,3/1"),
        ),
        Part(pad, -23.5, echo=0.5, figures=("0,1,2/4",), wide=True),
        Part(
            shaker,
            -3.0,
            pan=-0.45,
            echo=0.15,
            figures=("-/0.5 x/0.5 x/0.5 x/0.5 -/0.5 x/0.5 x/0.5 x/0.5",),
            rests=frozenset(range(8)),
        ),
    ),
    seed=37,
    register=(55, 72),
    swing=0.57,
    looseness=0.006,
    room=1.2,
    dullness=6500.0,
)

# A night sky: the raised fourth of the Lydian mode over a held bass; glass bells answer a far
# piano.
STARLIGHT = Piece(
    file="wonder/starlight.ogg",
    key="E flat Lydian and major",
    tempo=58,
    beats_in_bar=4,
    chords=bars(
        "Ebmaj9 | F/Eb | Cm9 | Abmaj9 | Ebmaj9 | F/Eb | Gm7 | Bbsus4 |"
        "Abmaj9 | Bb/Ab | Gm7 | Cm9 | Fm9 | Abmaj9 | Bbsus4 | Bb7sus4"
    ),
    parts=(
        Part(
            felt_piano,
            -4.5,
            pan=-0.1,
            echo=0.7,
            melody=bars(
                "G5/3 F5/1 | A5/4 | G5/2 Eb5/2 | C5/3 -/1 |"
                "Bb5/3 G5/1 | A5/2 C6/2 | Bb5/2 F5/2 | Eb5/3 -/1 |"
                "C6/2 Bb5/1 G5/1 | F5/4 | D5/2 F5/2 | G5/3 -/1 |"
                "Ab5/2 G5/1 F5/1 | Eb5/2 G5/2 | F5/4 | -/4"
            ),
        ),
        Part(
            glass,
            -13.0,
            pan=0.35,
            echo=0.8,
            figures=(
                "-/0.5 1+/0.5 2+/0.5 3+/1.5 2+/1",
                "0+/0.5 2+/0.5 3+/1 1+/1 -/1",
                "-/1 3+/0.5 2+/0.5 1+/0.5 3+/1.5",
            ),
        ),
        Part(
            harp,
            -12.5,
            pan=-0.4,
            echo=0.6,
            figures=("b+/1 0/0.5 1/0.5 2/1 3/1", "b+/1 1/1 0/0.5 2/0.5 3/1"),
        ),
        Part(pad, -16.5, echo=0.6, figures=("0,1,2,3/4",), wide=True),
        Part(bass, -12.0, echo=0.15, figures=("b/4",)),
    ),
    seed=53,
    register=(55, 75),
    looseness=0.014,
    room=3.6,
    dullness=7000.0,
)

PIECES = (HARBOUR, LANTERN, HOPSCOTCH, STARLIGHT)
