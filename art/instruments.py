"""The instruments of the background music: each turns one note into a mono sound.

All of them add up sine partials whose strength and decay are set one by one. That is what makes a
struck or plucked tone sound like a thing and not like a test signal: high partials start strong
and die soon, low ones linger. Figures come from the physics of the thing where there is any (N. H.
Fletcher and T. D. Rossing, "The Physics of Musical Instruments", 2nd edition, 1998), and from
trying otherwise.
"""

from collections.abc import Callable

import numpy as np

from art.audio_tools import FloatArray, low_pass_response, shape_spectrum

RATE = 48_000
HIGHEST_PARTIAL = 12_000.0
"""Hertz; background music needs nothing above."""
FAINTEST_PARTIAL = 2e-4
TABLE_SIZE = 16_384
"""Samples in one turn of a bowed string's tone."""

Instrument = Callable[[float, float, float, np.random.Generator], FloatArray]
"""Plays (frequency in hertz, length in seconds, velocity 0 to 1, chance) as samples at `RATE`."""


# ---- what a tone is made of ----------------------------------------------------------------------


def sample_times(seconds: float) -> FloatArray:
    """The time of each sample of a note, in seconds."""
    return np.arange(round(seconds * RATE)) / RATE


def rise(time: FloatArray, seconds: float) -> FloatArray:
    """The gain of an attack: half a cosine from 0 to 1."""
    gain = np.ones(time.size)
    rising = time[: round(seconds * RATE)]
    gain[: rising.size] = 0.5 - 0.5 * np.cos(np.pi * rising / seconds)
    return gain


def release(time: FloatArray, start: float, seconds: float) -> FloatArray:
    """The gain of an end: half a cosine from 1 to 0 that begins at `start`."""
    gain = np.ones(time.size)
    first = max(0, round(start * RATE))
    gain[first:] = 0.5 + 0.5 * np.cos(np.pi * np.clip((time[first:] - start) / seconds, 0.0, 1.0))
    return gain


def partials(
    time: FloatArray,
    frequencies: FloatArray,
    strengths: FloatArray,
    decays: FloatArray,
    chance: np.random.Generator,
) -> FloatArray:
    """Sines from random phases, each falling by 60 dB in its own number of seconds, added up."""
    sound = np.zeros(time.size)
    for frequency, strength, decay in zip(frequencies, strengths, decays, strict=True):
        if frequency < HIGHEST_PARTIAL and strength > FAINTEST_PARTIAL:
            heard = time[: round(1.3 * decay * RATE)]  # by then it has fallen by 78 dB
            phase = chance.uniform(0.0, 2.0 * np.pi)
            wave = strength * np.sin(2.0 * np.pi * frequency * heard + phase)
            sound[: heard.size] += wave * np.exp(-6.9 * heard / decay)
    return sound


def thump(
    time: FloatArray, corner: float, seconds: float, chance: np.random.Generator
) -> FloatArray:
    """The dull knock of a hammer or a thumb: a moment of low-passed noise."""
    moment = time[: round(0.2 * RATE)]
    knock = chance.standard_normal(moment.size) * np.exp(-6.9 * moment / seconds)
    dull = shape_spectrum(knock, RATE, low_pass_response(corner, 2))
    return np.pad(dull, (0, time.size - moment.size))


def bowed_cycle(chance: np.random.Generator) -> FloatArray:
    """One turn of a warm string tone, each player's a little different."""
    angle = 2.0 * np.pi * np.arange(TABLE_SIZE) / TABLE_SIZE
    order = np.arange(1.0, 9.0)
    strengths = chance.uniform(0.85, 1.15, order.size) / order**1.75
    phases = chance.uniform(0.0, 2.0 * np.pi, (order.size, 1))
    return strengths @ np.sin(np.outer(order, angle) + phases)


# ---- the instruments -----------------------------------------------------------------------------


def felt_piano(
    frequency: float, seconds: float, velocity: float, chance: np.random.Generator
) -> FloatArray:
    """An upright piano with felt before its hammers: three strings a note, soft, dying in two
    stages.

    Strings are stiff, so partials lie at k * f * sqrt(1 + B * k ** 2) (Fletcher and Rossing,
    section 12.3); the harder the stroke, the more of them sound. Strings that beat against each
    other give the slow second stage of the decay.
    """
    time = sample_times(seconds + 0.6)
    order = np.arange(1.0, 15.0)
    stretched = frequency * order * np.sqrt(1.0 + 0.0003 * order**2)
    brightness = (0.36 + 0.22 * velocity) * (300.0 / max(frequency, 150.0)) ** 0.25
    strengths = brightness ** (order - 1.0) * np.abs(np.sin(np.pi * order / 7.5))
    decays = 7.0 * (261.6 / frequency) ** 0.45 / order**0.7
    sound = np.zeros(time.size)
    for cents, share, slowness in ((-0.9, 0.42, 0.55), (0.0, 0.38, 1.0), (1.1, 0.2, 1.7)):
        detuned = stretched * 2.0 ** (cents / 1200.0)
        sound += partials(time, detuned, strengths * share, decays * slowness, chance)
    sound = sound * rise(time, 0.012 - 0.006 * velocity) + 0.05 * thump(time, 350.0, 0.09, chance)
    return 2.2 * velocity * sound * release(time, seconds, 0.55)


def kalimba(
    frequency: float, seconds: float, velocity: float, chance: np.random.Generator
) -> FloatArray:
    """A thumb piano: nearly a sine, with the bright, brief overtones of a bar clamped at one end.

    A clamped bar sounds 1 : 6.27 : 17.55 (Fletcher and Rossing, section 2.15); the octave comes
    from the box.
    """
    del seconds  # a tine rings for as long as it likes
    time = sample_times(2.8)
    ratios = np.array((1.0, 2.001, 3.01, 6.27))
    strengths = np.array((1.0, 0.22, 0.07, 0.16 * velocity))
    decays = np.array((2.6, 1.3, 0.6, 0.22)) * (440.0 / frequency) ** 0.35
    sound = partials(time, ratios * frequency, strengths, decays, chance) * rise(time, 0.004)
    return velocity * (sound + 0.12 * thump(time, 900.0, 0.04, chance)) * release(time, 2.3, 0.5)


def harp(
    frequency: float, seconds: float, velocity: float, chance: np.random.Generator
) -> FloatArray:
    """A gut string plucked near its third, the higher partials damped more.

    A plucked string's partials are sin(k * pi * place) / k ** 2 (Fletcher and Rossing, section
    2.7).
    """
    time = sample_times(seconds + 0.8)
    order = np.arange(1.0, 19.0)
    strengths = np.abs(np.sin(np.pi * order * 0.31)) / order ** (2.3 - 0.6 * velocity)
    decays = 3.6 * (220.0 / frequency) ** 0.4 / (1.0 + 0.05 * order**1.7)
    sound = partials(time, frequency * order, strengths, decays, chance) * rise(time, 0.003)
    plucked = 1.1 * sound + 0.04 * thump(time, 1200.0, 0.03, chance)
    return velocity * plucked * release(time, seconds, 0.75)


def pizzicato(
    frequency: float, seconds: float, velocity: float, chance: np.random.Generator
) -> FloatArray:
    """A plucked fiddle: a short, woody harp note."""
    time = sample_times(min(seconds, 0.5) + 0.3)
    order = np.arange(1.0, 13.0)
    strengths = np.abs(np.sin(np.pi * order * 0.22)) / order ** (2.0 - 0.5 * velocity)
    decays = 0.75 * (300.0 / frequency) ** 0.3 / (1.0 + 0.12 * order)
    sound = partials(time, frequency * order, strengths, decays, chance) * rise(time, 0.004)
    plucked = 1.3 * sound + 0.15 * thump(time, 700.0, 0.035, chance)
    return velocity * plucked * release(time, seconds, 0.25)


def marimba(
    frequency: float, seconds: float, velocity: float, chance: np.random.Generator
) -> FloatArray:
    """A wooden bar tuned 1 : 4 : 9.2 (Fletcher and Rossing, section 19.2), struck softly."""
    del seconds  # wood does not sustain
    time = sample_times(1.4)
    ratios = np.array((1.0, 3.98, 9.2))
    strengths = np.array((1.0, 0.2 + 0.12 * velocity, 0.05))
    decays = np.array((1.15, 0.35, 0.12)) * (330.0 / frequency) ** 0.5
    sound = partials(time, ratios * frequency, strengths, decays, chance) * rise(time, 0.004)
    return velocity * (sound + 0.14 * thump(time, 500.0, 0.04, chance)) * release(time, 1.1, 0.3)


def glass(
    frequency: float, seconds: float, velocity: float, chance: np.random.Generator
) -> FloatArray:
    """A small glass bell: slow to decay, shimmering because partials are slightly split pairs.

    A bar free at both ends sounds 1 : 2.756 : 5.404 (Fletcher and Rossing, section 2.15).
    """
    time = sample_times(seconds + 2.5)
    ratios = np.array((1.0, 1.0022, 2.0, 2.756, 2.762, 5.404))
    strengths = np.array((0.6, 0.4, 0.1, 0.12, 0.09, 0.06 * velocity))
    decays = np.array((4.2, 4.8, 2.2, 1.3, 1.5, 0.5)) * (700.0 / frequency) ** 0.3
    sound = partials(time, ratios * frequency, strengths, decays, chance) * rise(time, 0.007)
    return velocity * sound * release(time, seconds + 0.8, 1.7)


def bass(
    frequency: float, seconds: float, velocity: float, chance: np.random.Generator
) -> FloatArray:
    """A softly plucked double bass, with enough overtones to be heard on a small loudspeaker."""
    time = sample_times(seconds + 0.5)
    order = np.arange(1.0, 7.0)
    strengths = np.array((1.0, 0.5, 0.22, 0.1, 0.05, 0.02))
    decays = np.array((3.6, 2.6, 1.6, 1.0, 0.7, 0.5))
    sound = partials(time, order * frequency, strengths, decays, chance)
    return velocity * sound * rise(time, 0.022) * release(time, seconds - 0.05, 0.45)


def pad(
    frequency: float, seconds: float, velocity: float, chance: np.random.Generator
) -> FloatArray:
    """A small, warm string section: five detuned players who swell in and overlap the next note."""
    swell = min(1.6, 0.45 * seconds)
    fall = 2.2
    time = sample_times(seconds + fall)
    sound = np.zeros(time.size)
    for cents in (-7.0, -3.2, 0.4, 3.6, 6.5):
        turns_a_second = chance.uniform(0.1, 0.3)
        tremor = 1.0 + 0.16 * np.sin(2.0 * np.pi * turns_a_second * time + chance.uniform(0.0, 6.3))
        drifting = frequency * 2.0 ** ((cents + chance.uniform(-0.6, 0.6)) / 1200.0)
        turns = (time * drifting * TABLE_SIZE).astype(np.int64) % TABLE_SIZE
        sound += tremor * bowed_cycle(chance)[turns]
    return 0.2 * velocity * sound * rise(time, swell) * release(time, seconds, fall)


def shaker(
    frequency: float, seconds: float, velocity: float, chance: np.random.Generator
) -> FloatArray:
    """A few shaken grains of rice: a soft breath of noise around the given frequency."""
    time = sample_times(seconds + 0.05)
    grains = chance.standard_normal(time.size) * rise(time, 0.02) * np.exp(-6.9 * time / 0.13)
    band = shape_spectrum(
        grains, RATE, lambda hertz: 1.0 / (1.0 + ((hertz - frequency) / (0.35 * frequency)) ** 2)
    )
    return velocity * 0.5 * band
