"""The land, sky and water of the story pictures, painted from far to near with the brushes."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from art.brushes import (
    HEIGHT,
    WIDTH,
    Array,
    Canvas,
    Colour,
    Outline,
    Point,
    Shape,
    Stencil,
    Stops,
    blade,
    cut,
    draw,
    facets,
    glow,
    limb,
    mix,
    noise,
    numbers,
    oval,
    paint,
    ramp,
    rim,
    sampled,
    shine,
    smooth,
    smoothstep,
    stamp,
)

# ---- sky -----------------------------------------------------------------------------------------


def sky(canvas: Canvas, horizon: float, stops: Stops) -> None:
    """A vertical wash from the top of the paper down to the horizon."""
    canvas.pixels[:] = ramp(canvas.down / horizon, stops)


def star(canvas: Canvas, at: Point, radius: float, colour: Colour, strength: float) -> None:
    """One star: a soft point, and for the big ones a faint cross."""
    column = at[0] * canvas.scale
    row = at[1] * canvas.scale
    reach = max(int(radius * 6 * canvas.scale), 2)
    left = max(int(column) - reach, 0)
    top = max(int(row) - reach, 0)
    window = (slice(top, int(row) + reach + 1), slice(left, int(column) + reach + 1))
    height, width = canvas.pixels[window].shape[:2]

    x = (np.arange(left, left + width) - column)[None, :] / (radius * canvas.scale)
    y = (np.arange(top, top + height) - row)[:, None] / (radius * canvas.scale)
    light = np.exp(-(x**2 + y**2))
    if radius > 2:
        light += 0.25 * (np.exp(-np.abs(x) - np.abs(y) * 5) + np.exp(-np.abs(y) - np.abs(x) * 5))
    share = np.clip(light * strength, 0, 1)[..., None] * numbers(colour)
    canvas.pixels[window] = 1 - (1 - canvas.pixels[window]) * (1 - share)


def stars(canvas: Canvas, count: int, lowest: float, colour: Colour, seed: int) -> None:
    """Stars strewn over the sky, many faint ones and a few bright, fewer towards the horizon."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        x = random.random() * WIDTH
        y = random.random() ** 1.4 * lowest
        bright = random.random() ** 5
        strength = (0.3 + 0.7 * bright) * (1 - y / lowest) ** 0.5
        star(canvas, (x, y), 1.1 + 1.9 * bright, colour, strength)


def moon(canvas: Canvas, at: Point, radius: float, colour: Colour, crescent: float = 0.0) -> None:
    """A moon in its halo; `crescent`, in radii, moves the shadow that bites into it."""
    glow(canvas, at, radius * 9, colour, 0.28)
    glow(canvas, at, radius * 2.6, colour, 0.4)
    away = np.hypot(canvas.across - at[0], canvas.down - at[1])
    disc = smoothstep(radius + 1.2, radius - 1.2, away)
    if crescent:
        aside = canvas.across - at[0] - radius * crescent
        bite = np.hypot(aside, canvas.down - at[1] + radius * 0.3)
        disc = numbers(disc * smoothstep(radius * 0.92 - 1.5, radius * 0.92 + 1.5, bite))
    seas = noise(canvas, (radius * 0.9, radius * 0.9), 5, 3)
    covered = disc * (0.97 - 0.22 * smoothstep(0.45, 0.75, seas))
    paint(canvas, covered, mix(colour, (1.0, 1.0, 1.0), 0.6))


def shifted(values: Array, columns: int, rows: int) -> Array:
    """The values moved sideways and down, the edges repeated."""
    height, width = values.shape
    row = np.clip(np.arange(height) - rows, 0, height - 1)
    column = np.clip(np.arange(width) - columns, 0, width - 1)
    return numbers(values[row][:, column])


def clouds(
    canvas: Canvas,
    band: Point,
    cell: Point,
    cover: float,
    lit: Colour,
    shadow: Colour,
    toward: Point,
    seed: int,
    strength: float = 1.0,
) -> None:
    """Soft-edged clouds in a band of the sky, bright on the side towards the light."""
    billow = noise(canvas, cell, seed, 6)
    middle = (band[0] + band[1]) / 2
    half = (band[1] - band[0]) / 2
    inside = np.clip(1 - np.abs(canvas.down - middle) / half, 0, 1) ** 0.7
    density = smoothstep(0.93 - cover * 0.62, 1.25 - cover * 0.62, billow * 0.72 + inside * 0.4)

    step = cell[1] * 0.22 * canvas.scale
    behind = shifted(density, -round(toward[0] * step), -round(toward[1] * step))
    light = np.clip(0.42 + 0.75 * (density - behind) + 0.25 * (billow - 0.5), 0, 1)[..., None]
    colours = numbers(numbers(shadow) * (1 - light) + numbers(lit) * light)
    paint(canvas, density * inside**0.5 * strength, colours)


def mist(
    canvas: Canvas, height: float, thickness: float, colour: Colour, strength: float, seed: int
) -> None:
    """A bank of haze that lies level and drifts in long shreds."""
    bank = np.exp(-(((canvas.down - height) / thickness) ** 2))
    shreds = noise(canvas, (620, 60), seed, 4)
    paint(canvas, bank * (0.45 + 0.75 * shreds) * strength, colour)


def rays(
    canvas: Canvas, source: Point, colour: Colour, strength: float, seed: int, reach: float
) -> None:
    """Shafts of light of uneven width that fan out from a point."""
    x = canvas.across - source[0]
    y = canvas.down - source[1]
    turn = np.arctan2(y, x)
    random = np.random.default_rng(seed)
    fan = np.zeros_like(turn)
    for speed in (5, 9, 14, 23, 37):
        fan += np.cos(turn * speed + random.random() * 6.3) / speed**0.5
    shafts = smoothstep(-0.2, 1.5, fan) * np.exp(-np.hypot(x, y) / reach)
    shine(canvas, shafts * strength, colour)


# ---- land ----------------------------------------------------------------------------------------


def ridge(
    canvas: Canvas, points: Sequence[Point], rough: float, seed: int, grain: float = 90
) -> Array:
    """A skyline, as its height in each column: a smooth curve through the points, roughened."""
    curve = smooth(points, closed=False, steps=24)
    line = np.interp(canvas.across[0], curve[:, 0], curve[:, 1])
    random = np.random.default_rng(seed)
    for octave in range(4):
        knots = np.arange(-2, WIDTH * 2**octave / grain + 3)
        heights = [(float(knot), float(random.random() - 0.5)) for knot in knots]
        bumps = smooth(heights, closed=False, steps=6)
        finer = np.interp(canvas.across[0] * 2**octave / grain, bumps[:, 0], bumps[:, 1])
        line += finer * rough * 0.55**octave
    return numbers(line)


def ground(canvas: Canvas, line: Array, x: float) -> float:
    """The height of a skyline at one place."""
    return float(np.interp(x, canvas.across[0], line))


def below(canvas: Canvas, line: Array) -> Array:
    """The coverage of everything under a skyline."""
    return numbers(np.clip((canvas.down - line[None, :]) * canvas.scale + 0.5, 0, 1))


def hill(
    canvas: Canvas, line: Array, top: Colour, foot: Colour, depth: float, seed: int = 0
) -> None:
    """Land under a skyline that fades from its top colour into that of its foot."""
    covered = below(canvas, line)
    share = smoothstep(0, 1, (canvas.down - line[None, :]) / depth)[..., None]
    colour = numbers(top) * (1 - share) + numbers(foot) * share
    mottle = noise(canvas, (120, 70), seed + 77, 5) - 0.5
    paint(canvas, covered, numbers(colour * (1 + 0.3 * mottle[..., None])))


def edge_light(canvas: Canvas, line: Array, colour: Colour, width: float, strength: float) -> None:
    """The light that catches the upper edge of a hill."""
    under = canvas.down - line[None, :]
    shine(canvas, below(canvas, line) * np.exp(-np.maximum(under, 0) / width) * strength, colour)


def cliff(
    canvas: Canvas,
    outline: Outline,
    top: Colour,
    foot: Colour,
    rock_light: Colour,
    toward: Point,
    seed: int,
) -> None:
    """A rock face: cracked, lit on one side, and darker towards its foot."""
    stencil = cut(canvas, [outline], margin=20)
    rows, _ = stencil.window
    height = float(outline[:, 1].min())
    low = float(outline[:, 1].max())
    share = smoothstep(0, 1, (canvas.down[rows] - height) / (low - height))[..., None]
    stones = rock_face(canvas, stencil, seed)
    bright = (0.62 + 0.76 * stones)[..., None]
    colour = (numbers(top) * (1 - share) + numbers(foot) * share) * bright
    stamp(canvas, stencil, numbers(colour))

    for width, strength in ((26.0, 0.2), (5.0, 0.6)):
        edge = rim(stencil, toward, width * canvas.scale) * (0.2 + 1.3 * stones)
        lit = Stencil(stencil.top, stencil.left, numbers(np.clip(edge, 0, 1)))
        stamp(canvas, lit, rock_light, strength)


def rock_face(canvas: Canvas, stencil: Stencil, seed: int) -> Array:
    """The broken planes of a rock inside a stencil: big slabs, smaller chips, weather over all."""
    rows, columns = stencil.window
    bend = (noise(canvas, (60, 60), seed, 4)[stencil.window] - 0.5) * 34
    x = numbers(canvas.across[:, columns] + bend)
    y = numbers(canvas.down[rows] + bend * 0.7)
    slabs = facets(x, y, (64, 110), seed)
    chips = facets(x, y, (27, 44), seed + 1)
    weather = noise(canvas, (150, 90), seed + 2, 5)[stencil.window]
    return numbers(0.42 * slabs + 0.25 * chips + 0.33 * weather)


def surf(
    canvas: Canvas, line: float, span: Point, colour: Colour, strength: float, seed: int
) -> None:
    """Foam where water meets rock: short level dashes, thick at the rock, thin further out."""
    random = np.random.default_rng(seed)
    shape: Shape = []
    for _ in range(int((span[1] - span[0]) / 7)):
        out = float(random.random()) ** 2.5 * 26
        width = (8 + 46 * float(random.random())) * (0.5 + out / 26)
        x = span[0] + float(random.random()) * (span[1] - span[0]) - out
        shape.append(oval(x, line + out, width, 1.1 + 1.2 * float(random.random())))
    draw(canvas, shape, colour, strength, soften=0.8)


def tuft(random: np.random.Generator, root: Point, height: float, lean: float) -> Outline:
    """One grass blade of random length and bow."""
    tall = height * (0.4 + 0.8 * random.random())
    sway = (random.random() - 0.5 + lean) * tall * 0.9
    tip = (root[0] + sway, root[1] - tall)
    return blade((root[0], root[1] + 4), tip, -sway * 0.25, 2.0 + tall * 0.07)


def grass(
    canvas: Canvas,
    line: Array,
    span: Point,
    count: int,
    height: float,
    colour: Colour,
    seed: int,
    lean: float = 0.15,
    sink: float = 0.0,
) -> None:
    """Blades along a skyline; `sink` strews them below it, for a meadow."""
    random = np.random.default_rng(seed)
    places = span[0] + random.random(count) * (span[1] - span[0])
    roots = [(float(x), ground(canvas, line, x) + float(random.random()) * sink) for x in places]
    draw(canvas, [tuft(random, root, height, lean) for root in roots], colour)


def flowers(
    canvas: Canvas, line: Array, span: Point, count: int, sink: float, colour: Colour, seed: int
) -> None:
    """Small blossoms: dots of colour in the grass."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        x = span[0] + float(random.random()) * (span[1] - span[0])
        skyline = ground(canvas, line, x)
        y = skyline + float(random.random()) * sink - 6
        nearness = 0.8 + 1.2 * max(y - skyline, 0) / (sink + 1)
        size = (2.4 + 2.6 * float(random.random())) * nearness
        turns = np.linspace(0, 2 * np.pi, 5, endpoint=False) + random.random()
        petals = [petal(x, y, size, float(turn)) for turn in turns]
        draw(canvas, petals, mix(colour, (1.0, 1.0, 1.0), float(random.random()) * 0.35))


def petal(x: float, y: float, size: float, turn: float) -> Outline:
    """One petal of a blossom seen a little from the side."""
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    across = x + np.cos(turn) * size + np.cos(angles) * size * 0.75
    down = y + (np.sin(turn) * size + np.sin(angles) * size * 0.75) * 0.7
    return numbers(np.stack([across, down], axis=-1))


def pine(random: np.random.Generator, foot: Point, height: float, spread: float = 0.2) -> Outline:
    """A pine as one ragged outline: drooping branches in tiers, each side a little different."""
    tiers = 9 + int(random.integers(0, 4))
    sides: list[list[Point]] = []
    for side in (-1, 1):
        points: list[Point] = []
        for tier in range(1, tiers + 1):
            share = tier / tiers
            reach = height * spread * share**0.85 * (0.75 + 0.5 * float(random.random()))
            level = foot[1] - height * (1 - 0.93 * share)
            points.append((foot[0] + side * reach, level + height * 0.02))
            points.append((foot[0] + side * reach * 0.42, level - height * 0.005))
        sides.append(points)
    trunk = height * 0.016
    right = [(foot[0] + trunk, foot[1] - height * 0.07), (foot[0] + trunk, foot[1] + 8)]
    left = [(foot[0] - trunk, foot[1] + 8), (foot[0] - trunk, foot[1] - height * 0.07)]
    top = (foot[0], foot[1] - height)
    return smooth([top, *sides[1], *right, *left, *sides[0][::-1]], steps=4)


def pines(
    canvas: Canvas,
    line: Array,
    span: Point,
    count: int,
    heights: Point,
    colour: Colour,
    seed: int,
    fade: float = 0.0,
) -> None:
    """A row of pines on a skyline; `fade` softens them with distance."""
    random = np.random.default_rng(seed)
    shape: Shape = []
    for place in np.linspace(span[0], span[1], count):
        x = float(place) + float(random.random() - 0.5) * (span[1] - span[0]) / count * 1.6
        height = heights[0] + float(random.random()) * (heights[1] - heights[0])
        shape.append(pine(random, (x, ground(canvas, line, x) + 6), height))
    draw(canvas, shape, colour, soften=fade)


# ---- water ---------------------------------------------------------------------------------------


def depth_of(canvas: Canvas, horizon: float) -> Array:
    """0 at the horizon and 1 at the lower edge of the paper."""
    return numbers(np.clip((canvas.down - horizon) / (HEIGHT - horizon), 0, 1))


def ripples(canvas: Canvas, horizon: float, seed: int, broad: float = 1.0) -> Array:
    """Level wavelets between 0 and 1, small and flat far away and large in front."""
    depth = depth_of(canvas, horizon)
    place = np.log2(np.maximum(depth, 0.004) / 0.004) / 8 * 4
    total = np.zeros((canvas.height, canvas.width), dtype=np.float32)
    weights = np.zeros_like(total)
    for layer in range(5):
        weight = np.exp(-(((place - layer) / 0.62) ** 2))
        size = broad * 2.0**layer
        total += weight * (noise(canvas, (26 * size, 2.3 * size), seed + layer, 4) - 0.5)
        weights += weight**2
    return numbers(np.clip(0.5 + total / np.sqrt(weights + 1e-6), 0, 1))


def water(
    canvas: Canvas, horizon: float, stops: Stops, reflect: float, waves: Array, stir: float = 1.0
) -> None:
    """The sea: a wash that deepens towards us, and the world above it mirrored and stirred."""
    depth = depth_of(canvas, horizon)
    columns = np.arange(canvas.width)[None, :]
    rows = np.arange(canvas.height)[:, None]
    level = horizon * canvas.scale
    push = (waves - 0.5) * depth**0.8 * canvas.scale * stir
    above = level - (rows - level) * 0.92 - 2 + push * 90
    mirrored = sampled(canvas.pixels, columns + push * 120, above)
    wash = ramp(depth, stops)
    share = reflect * (1 - 0.55 * depth[..., None])
    covered = np.clip((canvas.down - horizon) * canvas.scale + 0.5, 0, 1)
    paint(canvas, covered, numbers(wash * (1 - share) + mirrored * share))


def swell(
    canvas: Canvas, horizon: float, waves: Array, light: Colour, dark: Colour, strength: float
) -> None:
    """The lit and the shaded sides of the wavelets."""
    depth = depth_of(canvas, horizon)
    near = (canvas.down > horizon) * (0.25 + 0.75 * depth)
    paint(canvas, smoothstep(0.5, 0.12, waves) * near * strength, dark)
    shine(canvas, smoothstep(0.56, 0.95, waves) * near * strength, light)


def glitter(
    canvas: Canvas,
    horizon: float,
    waves: Array,
    centre: npt.ArrayLike,
    spread: npt.ArrayLike,
    colour: Colour,
    strength: float,
    edge: float = 0.55,
) -> None:
    """The broken road of light that a lamp, moon or sun lays on the water."""
    away = (canvas.across - numbers(centre)) / numbers(spread)
    road = np.exp(-(away**2))
    sparks = smoothstep(edge + 0.16 * (1 - road), edge + 0.22, waves + 0.18 * road)
    shine(canvas, (sparks * 0.85 + 0.22) * road * (canvas.down > horizon) * strength, colour)


def crests(
    canvas: Canvas, horizon: float, count: int, colour: Colour, strength: float, seed: int
) -> None:
    """Drawn wave lines, thin arcs that grow towards us."""
    random = np.random.default_rng(seed)
    shape: Shape = []
    for _ in range(count):
        depth = float(random.random()) ** 1.5
        x = float(random.random()) * WIDTH
        y = horizon + 6 + depth * (HEIGHT - horizon)
        width = (14 + 120 * depth) * (0.6 + 0.8 * float(random.random()))
        shape.append(crest(x, y, width))
    draw(canvas, shape, colour, strength)


def crest(x: float, y: float, width: float) -> Outline:
    """One wave line: a crescent, pointed at both ends."""
    share = np.linspace(-1, 1, 15)
    upper = np.stack([x + share * width / 2, y - (1 - share**2) * width * 0.055], axis=-1)
    lower = np.stack([x + share * width / 2, y - (1 - share**2) * width * 0.025], axis=-1)
    return numbers(np.concatenate([upper, lower[::-1]]))


def reflection(
    canvas: Canvas,
    waterline: float,
    span: Point,
    reach: float,
    waves: Array,
    strength: float,
    tone: Colour,
) -> None:
    """What stands at a waterline, mirrored, broken by the waves and lost with depth."""
    below_line = canvas.down - waterline
    push = (waves - 0.5) * np.clip(below_line / reach, 0.05, 1) * canvas.scale
    columns = np.arange(canvas.width)[None, :]
    rows = np.arange(canvas.height)[:, None]
    level = waterline * canvas.scale
    above = level - (rows - level) - 3 * canvas.scale + push * 24
    mirrored = sampled(canvas.pixels, columns + push * 80, above)

    soft = 24 + 0.1 * (span[1] - span[0])
    right_of_start = smoothstep(span[0] - soft, span[0], canvas.across)
    left_of_end = smoothstep(span[1] + soft, span[1], canvas.across)
    inside = right_of_start * left_of_end
    share = inside * np.exp(-np.maximum(below_line, 0) / reach) * (below_line > 0) * strength
    paint(canvas, share, numbers(mirrored * numbers(tone)))


def branch(points: Sequence[Point], thick: float) -> Shape:
    """A bough that thins out to a twig."""
    return limb(points, [thick, thick * 0.75, thick * 0.5, thick * 0.2])
