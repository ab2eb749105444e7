"""The paint box of the story pictures: paper, colours, noise, soft light and smooth outlines.

Everything is measured in story units (a sheet is 1920 wide and 1080 tall, y grows downwards), so a
picture can be tried at a small scale and drawn at full size without changing a number. Colours are
floats from 0 to 1. The paper stays in floating point until `finished` dithers it down, which keeps
the wide soft skies free of bands.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

Array = npt.NDArray[np.float32]
Colour = tuple[float, float, float]
Point = tuple[float, float]
Outline = Array
"""The corners of one closed line, shaped (points, 2)."""
Shape = list[Outline]
Stops = Sequence[tuple[float, str]]
"""The places on a scale, and the colour at each (see `tint`)."""

WIDTH = 1920
HEIGHT = 1080


def numbers(values: npt.ArrayLike | Image.Image) -> Array:
    """The values as float32, the one kind of array used here."""
    return np.asarray(values, dtype=np.float32)


class Canvas:
    """A sheet of paper; `across` and `down` are the places of its pixels in story units."""

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale
        self.width = round(WIDTH * scale)
        self.height = round(HEIGHT * scale)
        self.pixels = np.zeros((self.height, self.width, 3), dtype=np.float32)
        self.across = numbers((np.arange(self.width) + 0.5) / scale)[None, :]
        self.down = numbers((np.arange(self.height) + 0.5) / scale)[:, None]


# ---- colours and curves --------------------------------------------------------------------------


def tint(name: str) -> Colour:
    """The colour written as six hexadecimal digits."""
    red, green, blue = (int(name[start : start + 2], 16) / 255 for start in (0, 2, 4))
    return red, green, blue


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """The first colour with a share of the second stirred in."""
    red, green, blue = (one + (two - one) * share for one, two in zip(first, second, strict=True))
    return red, green, blue


def smoothstep(low: float, high: float, value: npt.ArrayLike) -> Array:
    """0 below low, 1 above high and an easy slope between; low may be the larger one."""
    share = np.clip((numbers(value) - low) / (high - low), 0, 1)
    return numbers(share * share * (3 - 2 * share))


def ramp(value: npt.ArrayLike, stops: Stops) -> Array:
    """The colours along a row of stops, rounded where the stops meet so that no edge shows."""
    places = np.linspace(-0.25, 1.25, 1537)
    at = [stop for stop, _ in stops]
    colours = [tint(name) for _, name in stops]
    window = np.hanning(127) / np.hanning(127).sum()
    inside = slice(128, -128)
    channels = []
    for channel in range(3):
        row = np.interp(places, at, [colour[channel] for colour in colours])
        rounded = np.convolve(row, window, mode="same")
        channels.append(np.interp(numbers(value), places[inside], rounded[inside]))
    return numbers(np.stack(channels, axis=-1))


# ---- noise and softness --------------------------------------------------------------------------


def lattice(canvas: Canvas, cell: Point, seed: int) -> Array:
    """One layer of smooth random hills, each about a cell wide and tall."""
    columns = WIDTH / cell[0]
    rows = HEIGHT / cell[1]
    grid = np.random.default_rng(seed).random((int(rows) + 4, int(columns) + 4), dtype=np.float32)
    picture = Image.fromarray(grid)
    box = (1.0, 1.0, 1.0 + columns, 1.0 + rows)
    return numbers(picture.resize((canvas.width, canvas.height), Image.Resampling.BICUBIC, box=box))


def noise(canvas: Canvas, cell: Point, seed: int, octaves: int = 4) -> Array:
    """Cloudy numbers between 0 and 1; each octave adds detail half as large."""
    total = np.zeros((canvas.height, canvas.width), dtype=np.float32)
    for octave in range(octaves):
        finer = 0.5**octave
        layer = lattice(canvas, (cell[0] * finer, cell[1] * finer), seed * 31 + octave)
        total += layer * np.float32(finer)
    return numbers(np.clip(0.5 + (total - total.mean()) / (total.std() * 5), 0, 1))


def facets(x: Array, y: Array, cell: Point, seed: int) -> Array:
    """Broken stone: random cells of about the given size, each of one brightness, 0 to 1."""
    random = np.random.default_rng(seed).random((64, 64, 3), dtype=np.float32)
    column, row = np.broadcast_arrays(
        np.floor(x / cell[0]).astype(int), np.floor(y / cell[1]).astype(int)
    )
    nearest = np.full(column.shape, 9.0, dtype=np.float32)
    bright = np.zeros_like(nearest)
    for down in (-1, 0, 1):
        for across in (-1, 0, 1):
            seedling = random[(row + down) % 64, (column + across) % 64]
            aside = x / cell[0] - column - across - seedling[..., 0]
            above = y / cell[1] - row - down - seedling[..., 1]
            away = np.abs(aside) + np.abs(above + 0.5 * aside) + 0.3 * np.hypot(aside, above)
            bright = np.where(away < nearest, seedling[..., 2], bright)
            nearest = np.minimum(nearest, away).astype(np.float32)
    return numbers(bright)


def box_blur(values: Array, radius: int, axis: int) -> Array:
    """The running mean along one axis; the edge is repeated outwards."""
    padding = [(radius + 1, radius) if place == axis else (0, 0) for place in range(values.ndim)]
    running = np.cumsum(np.pad(values, padding, mode="edge"), axis=axis, dtype=np.float64)
    length = values.shape[axis]
    ahead = np.take(running, range(2 * radius + 1, 2 * radius + 1 + length), axis=axis)
    behind = np.take(running, range(length), axis=axis)
    return numbers((ahead - behind) / (2 * radius + 1))


def blurred(values: Array, sigma: float) -> Array:
    """The values as seen through frosted glass (three box blurs come close to a gaussian)."""
    radius = round(sigma)
    for axis in (0, 1, 0, 1, 0, 1) if radius else ():
        values = box_blur(values, radius, axis)
    return values


def sampled(pixels: Array, x: npt.ArrayLike, y: npt.ArrayLike) -> Array:
    """The picture read at fractional pixel places, each blended from its four neighbours."""
    height, width = pixels.shape[:2]
    column = np.clip(numbers(x), 0, width - 1.001)
    row = np.clip(numbers(y), 0, height - 1.001)
    left = column.astype(np.int32)
    top = row.astype(np.int32)
    right = (column - left)[..., None]
    low = (row - top)[..., None]
    upper = pixels[top, left] * (1 - right) + pixels[top, left + 1] * right
    lower = pixels[top + 1, left] * (1 - right) + pixels[top + 1, left + 1] * right
    return numbers(upper * (1 - low) + lower * low)


# ---- paint and light -----------------------------------------------------------------------------


def paint(canvas: Canvas, coverage: npt.ArrayLike, colour: Colour | Array) -> None:
    """Cover the paper with a colour (or a whole sheet of colours) as far as the coverage says."""
    share = np.broadcast_to(numbers(coverage), (canvas.height, canvas.width))[..., None]
    canvas.pixels += (numbers(colour) - canvas.pixels) * share


def shine(canvas: Canvas, coverage: npt.ArrayLike, colour: Colour) -> None:
    """Add light as two projectors on one wall do (a screen blend): it brightens and never clips."""
    share = np.broadcast_to(numbers(coverage), (canvas.height, canvas.width))[..., None]
    canvas.pixels = 1 - (1 - canvas.pixels) * (1 - np.clip(share * numbers(colour), 0, 1))


def shade(canvas: Canvas, coverage: npt.ArrayLike, colour: Colour) -> None:
    """Multiply a colour in, like a glaze: it only darkens."""
    share = np.broadcast_to(numbers(coverage), (canvas.height, canvas.width))[..., None]
    canvas.pixels *= 1 - share * (1 - numbers(colour))


def distance(canvas: Canvas, centre: Point, stretch: float = 1.0) -> Array:
    """How far every pixel lies from a point; stretch above 1 makes the rings wide ovals."""
    return numbers(np.hypot((canvas.across - centre[0]) / stretch, canvas.down - centre[1]))


def around(
    canvas: Canvas, centre: Point, reach: float, stretch: float = 1.0
) -> tuple[slice, slice]:
    """The rows and columns of the paper within reach of a point."""
    left, right = ((centre[0] + side * reach * stretch) * canvas.scale for side in (-1, 1))
    top, low = ((centre[1] + side * reach) * canvas.scale for side in (-1, 1))
    rows = slice(max(int(top), 0), max(int(low) + 1, 0))
    columns = slice(max(int(left), 0), max(int(right) + 1, 0))
    return rows, columns


def glow(
    canvas: Canvas,
    centre: Point,
    radius: float,
    colour: Colour,
    strength: float = 1.0,
    stretch: float = 1.0,
) -> None:
    """A soft round light: a bright heart and a long faint skirt, cut off where nobody sees it."""
    rows, columns = around(canvas, centre, radius * 7, stretch)
    aside = (canvas.across[:, columns] - centre[0]) / stretch
    away = np.hypot(aside, canvas.down[rows] - centre[1]) / radius
    heart = np.exp(-(away**2) * 2.2)
    skirt = 1 / (1 + (away * 1.6) ** 2) ** 2
    share = ((0.6 * heart + 0.4 * skirt) * smoothstep(7, 5, away) * strength)[..., None]
    light = np.clip(share * numbers(colour), 0, 1)
    canvas.pixels[rows, columns] = 1 - (1 - canvas.pixels[rows, columns]) * (1 - light)


def kindle(
    canvas: Canvas,
    centre: Point,
    radius: float,
    colour: Colour,
    strength: float = 1.0,
    stretch: float = 1.0,
) -> None:
    """Lamplight on what is already painted: it warms the surfaces and leaves dark things dark."""
    away = distance(canvas, centre, stretch) / radius
    fall = (np.exp(-(away**2) * 1.6) * strength)[..., None]
    lit = canvas.pixels * (1 + fall * (numbers(colour) * 3.0 - 0.55))
    canvas.pixels = numbers(np.where(lit > 0.8, 1 - 0.2 * np.exp(-(lit - 0.8) / 0.2), lit))


def veil(
    canvas: Canvas,
    centre: Point,
    radius: float,
    colour: Colour,
    strength: float,
    stretch: float = 1.0,
) -> None:
    """Lit haze around a lamp: plain paint, thin at the rim, which keeps its hue over any ground."""
    away = distance(canvas, centre, stretch) / radius
    paint(canvas, np.exp(-(away**2) * 1.8) * strength, colour)


def beam(
    canvas: Canvas,
    source: Point,
    angle: float,
    spread: float,
    reach: float,
    colour: Colour,
    strength: float,
) -> None:
    """A shaft of light from a source at an angle (degrees, clockwise) that fades on its way."""
    x = canvas.across - source[0]
    y = canvas.down - source[1]
    away = np.hypot(x, y)
    turn = np.deg2rad(angle)
    along = x * np.cos(turn) + y * np.sin(turn)
    aside = y * np.cos(turn) - x * np.sin(turn)
    width = 6 + np.maximum(along, 0) * np.tan(np.deg2rad(spread))
    inside = np.exp(-((aside / width) ** 2) * 1.5) * smoothstep(-4, 12, along)
    shine(canvas, inside * np.exp(-away / reach) * strength, colour)


# ---- outlines ------------------------------------------------------------------------------------


def smooth(points: Sequence[Point], closed: bool = True, steps: int = 8) -> Outline:
    """A Catmull-Rom curve through the points."""
    knots = numbers(points)
    if closed:
        knots = np.concatenate([knots[-1:], knots, knots[:2]])
    else:
        knots = np.concatenate([knots[:1], knots, knots[-1:]])
    share = numbers(np.arange(steps) / steps)[:, None]
    parts = []
    neighbours = zip(knots[:-3], knots[1:-2], knots[2:-1], knots[3:], strict=True)
    for before, start, end, after in neighbours:
        bend = 2 * before - 5 * start + 4 * end - after
        twist = 3 * start - before - 3 * end + after
        parts.append(start + 0.5 * share * (end - before + share * (bend + share * twist)))
    if not closed:
        parts.append(knots[-2:-1])
    return numbers(np.concatenate(parts))


def oval(
    x: float, y: float, width: float, height: float | None = None, turn: float = 0.0
) -> Outline:
    """An oval outline around (x, y), by its half width and half height; round without a height."""
    if height is None:
        height = width
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    points = np.stack([np.cos(angles) * width, np.sin(angles) * height], axis=-1)
    return moved(numbers(points), (x, y), angle=turn)


def moved(
    outline: Outline, to: Point, size: float = 1.0, angle: float = 0.0, flip: bool = False
) -> Outline:
    """The outline mirrored, scaled, turned (degrees, clockwise) and carried to a place."""
    turn = np.deg2rad(angle)
    x = outline[:, 0] * (-size if flip else size)
    y = outline[:, 1] * size
    across = x * np.cos(turn) - y * np.sin(turn)
    down = x * np.sin(turn) + y * np.cos(turn)
    return numbers(np.stack([across, down], axis=-1) + numbers(to))


def limb(points: Sequence[Point], radii: Sequence[float], steps: int = 14) -> Shape:
    """A rounded tube along a curve, as thick as the radii say: legs, tails, branches, ropes."""
    spine = smooth(points, closed=False, steps=steps)
    where = np.linspace(0, len(radii) - 1, len(spine))
    thick = smooth(list(enumerate(radii)), closed=False, steps=steps)
    widths = np.interp(where, thick[:, 0], thick[:, 1])
    beads = [oval(x, y, max(width, 0.05)) for (x, y), width in zip(spine, widths, strict=True)]

    slope = np.gradient(spine, axis=0)
    steepness = np.hypot(slope[:, 0], slope[:, 1])[:, None] + 1e-6
    normal = np.stack([-slope[:, 1], slope[:, 0]], axis=-1) / steepness
    left = numbers(spine + normal * widths[:, None])
    right = numbers(spine - normal * widths[:, None])
    links = [numbers([left[i], left[i + 1], right[i + 1], right[i]]) for i in range(len(spine) - 1)]
    return beads + links


def blade(root: Point, tip: Point, bow: float, width: float) -> Outline:
    """A grass blade or feather: slim root, full below the middle, pointed, bowed sideways."""
    middle = ((root[0] + tip[0]) / 2 + bow, (root[1] + tip[1]) / 2)
    centre = smooth([root, middle, tip], closed=False, steps=4)
    thin = np.interp(np.linspace(0, 1, len(centre)), [0, 0.35, 1], [width * 0.12, width / 2, 0])
    left = centre + np.stack([-thin, thin * 0], axis=-1)
    right = centre + np.stack([thin, thin * 0], axis=-1)
    return numbers(np.concatenate([left, right[::-1]]))


# ---- stencils ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stencil:
    """The coverage of a shape inside the window of the paper it touches."""

    top: int
    left: int
    coverage: Array

    @property
    def window(self) -> tuple[slice, slice]:
        """Where the coverage belongs in the pixels of the paper."""
        height, width = self.coverage.shape
        return slice(self.top, self.top + height), slice(self.left, self.left + width)


def cut(
    canvas: Canvas, shape: Iterable[Outline], margin: float = 2.0, soften: float = 0.0
) -> Stencil:
    """Cut a stencil out of outlines, its edges smooth by drawing it larger; `soften` blurs it."""
    outlines = [outline * np.float32(canvas.scale) for outline in shape]
    corners = np.concatenate(outlines)
    edge = (margin + 3 * soften) * canvas.scale
    left, top = (int(value) for value in np.maximum(corners.min(axis=0) - edge, 0))
    furthest = np.minimum(corners.max(axis=0) + edge, (canvas.width, canvas.height))
    right, low = (int(value) + 1 for value in furthest)
    width = max(min(right, canvas.width) - left, 1)
    height = max(min(low, canvas.height) - top, 1)
    left = min(left, canvas.width - 1)
    top = min(top, canvas.height - 1)

    finer = 2 if width * height > 600_000 else 4
    sheet = Image.new("L", (width * finer, height * finer))
    pen = ImageDraw.Draw(sheet)
    for outline in outlines:
        corner_list = [((x - left) * finer, (y - top) * finer) for x, y in outline.tolist()]
        pen.polygon(corner_list, fill=255)
    coverage = numbers(sheet.reduce(finer)) / np.float32(255)
    return Stencil(top, left, blurred(coverage, soften * canvas.scale))


def stamp(canvas: Canvas, stencil: Stencil, colour: Colour | Array, strength: float = 1.0) -> None:
    """Paint through a stencil; the colour may be a sheet the size of the stencil."""
    share = stencil.coverage[..., None] * np.float32(strength)
    canvas.pixels[stencil.window] += (numbers(colour) - canvas.pixels[stencil.window]) * share


def draw(
    canvas: Canvas,
    shape: Iterable[Outline],
    colour: Colour,
    strength: float = 1.0,
    soften: float = 0.0,
) -> None:
    """Paint a shape in one colour."""
    stamp(canvas, cut(canvas, shape, soften=soften), colour, strength)


def light_up(
    canvas: Canvas,
    shape: Iterable[Outline],
    colour: Colour,
    strength: float = 1.0,
    soften: float = 0.0,
) -> None:
    """Let a shape give light (a screen blend through its stencil)."""
    stencil = cut(canvas, shape, soften=soften)
    share = stencil.coverage[..., None] * np.float32(strength) * numbers(colour)
    canvas.pixels[stencil.window] = 1 - (1 - canvas.pixels[stencil.window]) * (1 - share)


def rim(stencil: Stencil, toward: Point, width: float) -> Array:
    """The edge of a stencil that faces a light in the given direction; `width` is in pixels."""
    rows = round(toward[1] * width)
    columns = round(toward[0] * width)
    padded = np.pad(stencil.coverage, ((abs(rows), abs(rows)), (abs(columns), abs(columns))))
    shifted = np.roll(padded, (-rows, -columns), axis=(0, 1))
    height, breadth = stencil.coverage.shape
    covered = shifted[abs(rows) : abs(rows) + height, abs(columns) : abs(columns) + breadth]
    edge = blurred(stencil.coverage * (1 - covered), width * 0.3)
    return numbers(np.clip(edge * 1.5, 0, 1) * stencil.coverage)


# ---- the last touches ----------------------------------------------------------------------------


def bloom(canvas: Canvas, threshold: float, radius: float, strength: float) -> None:
    """Let everything bright bleed a little into its surroundings."""
    bright = np.clip(canvas.pixels - threshold, 0, 1) / (1 - threshold)
    soft = blurred(numbers(bright[::4, ::4]), radius * canvas.scale / 4)
    size = (canvas.width, canvas.height)
    layers = [
        Image.fromarray(soft[..., channel]).resize(size, Image.Resampling.BICUBIC)
        for channel in range(3)
    ]
    light = np.clip(np.stack([numbers(layer) for layer in layers], axis=-1), 0, 1) * strength
    canvas.pixels = numbers(1 - (1 - canvas.pixels) * (1 - light))


def wobble(canvas: Canvas, seed: int, size: float) -> None:
    """Shift everything by a hair, unevenly, as a hand-held brush would."""
    sideways = (noise(canvas, (34, 34), seed, 3) - 0.5) * size * canvas.scale * 2
    upwards = (noise(canvas, (34, 34), seed + 1, 3) - 0.5) * size * canvas.scale * 2
    columns = np.arange(canvas.width)[None, :]
    rows = np.arange(canvas.height)[:, None]
    canvas.pixels = sampled(canvas.pixels, columns + sideways, rows + upwards)


def vignette(canvas: Canvas, strength: float, colour: Colour) -> None:
    """Darken the corners so that the eye stays inside."""
    x = (canvas.across - WIDTH / 2) / (WIDTH / 2)
    y = (canvas.down - HEIGHT / 2) / (HEIGHT / 2)
    away = np.hypot(x, y)
    shade(canvas, smoothstep(0.62, 1.45, away) * strength, colour)


def paper(canvas: Canvas, seed: int, strength: float) -> None:
    """Pigment that settled in the tooth of the paper: a broad wash and a fine grain."""
    wash = noise(canvas, (260, 200), seed, 5) - 0.5
    tooth = noise(canvas, (5, 5), seed + 1, 2) - 0.5
    canvas.pixels *= (1 + strength * (0.6 * wash + 0.22 * tooth))[..., None]


def finished(canvas: Canvas, seed: int) -> Image.Image:
    """The paper as an 8-bit picture, dithered by fine noise so that gradients show no steps."""
    random = np.random.default_rng(seed)
    grain = random.normal(0, 0.9, (canvas.height, canvas.width, 1))
    speck = grain + random.uniform(-0.5, 0.5, canvas.pixels.shape)
    levels = np.clip(canvas.pixels * 255 + speck + 0.5, 0, 255)
    return Image.fromarray(levels.astype(np.uint8))
