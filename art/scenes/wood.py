"""Page 3: through the whispering pines, over the mossy bridge, past the owl who never sleeps."""

import math

import numpy as np

from art.birds import draw_owl
from art.brushes import (
    HEIGHT,
    WIDTH,
    Array,
    Canvas,
    Colour,
    Point,
    Shape,
    Stencil,
    blade,
    cut,
    draw,
    facets,
    glow,
    kindle,
    limb,
    mix,
    noise,
    numbers,
    oval,
    paint,
    ramp,
    rim,
    shine,
    smooth,
    smoothstep,
    stamp,
    tint,
    veil,
)
from art.fox import Coat, draw_fox, draw_lantern, running_fox
from art.landscape import branch, edge_light, grass, ground, hill, mist, pines, rays, ridge, ripples
from art.place import Place

COAT = Coat(
    fur=tint("cf5f2a"),
    pale=tint("fae0bd"),
    dark=tint("361a1c"),
    rim=tint("ffe09a"),
    toward=(0.92, -0.2),
    glint=1.0,
)


def wood_air(canvas: Canvas) -> None:
    """Moonlit mist between the trees, and rows of pines that come out of it."""
    stops = [(0, "0d3b40"), (0.35, "2b7a72"), (0.62, "5aa893"), (1, "163f40")]
    canvas.pixels[:] = ramp(canvas.down / HEIGHT, stops)
    glow(canvas, (1240, 300), 560, tint("b8f0cf"), 0.75, stretch=1.2)
    rows = [
        (640, (260, 420), 34, "5a9f90", 3.0, 81),
        (690, (380, 600), 22, "3f8379", 2.0, 82),
        (740, (560, 860), 13, "2a6562", 1.2, 83),
        (800, (760, 1100), 8, "174a4c", 0.6, 86),
    ]
    for level, heights, count, colour, fade, seed in rows:
        points = [(-50, level - 30), (600, level), (1200, level + 10), (1980, level - 40)]
        line = ridge(canvas, points, 26, seed)
        pines(canvas, line, (-60, 1980), count, heights, tint(colour), seed, fade)
        hill(canvas, line, tint(colour), mix(tint(colour), tint("5aa893"), 0.4), 150, seed)
        mist(canvas, level + 20, 70, tint("8fd0b4"), 0.42, seed + 10)
    rays(canvas, (1420, -160), tint("c9f7d6"), 0.34, 6, 900)


def ravine(canvas: Canvas) -> None:
    """The banks and the stream under the bridge."""
    left = [(-50, 800), (330, 820), (640, 900)]
    right = [(1300, 890), (1620, 815), (1980, 780)]
    bank = ridge(canvas, [*left, (960, 915), *right], 16, 88)
    hill(canvas, bank, tint("1f5a50"), tint("0b2b2e"), 190, 89)
    edge_light(canvas, bank, tint("7fd0a4"), 12, 0.25)
    grass(canvas, bank, (-10, 1930), 900, 22, tint("1c5148"), 90, sink=16)


def stream(canvas: Canvas) -> None:
    """The stream, and the light of the lantern broken on it."""
    waves = ripples(canvas, 860, 91, 0.4)
    half = 250 + (canvas.down - 905) * 0.55
    bend = 960 + 22 * np.sin(canvas.down / 38)
    between = smoothstep(14, -14, np.abs(canvas.across - bend) - half)
    inside = between * smoothstep(902, 912, canvas.down)
    stops = [(0.82, "3f8a80"), (0.9, "1d5a5a"), (1, "0a3035")]
    paint(canvas, inside, ramp(canvas.down / HEIGHT, stops))
    shine(canvas, inside * smoothstep(0.55, 0.9, waves) * 0.4, tint("a8ecd0"))
    road = np.exp(-(((canvas.across - 1120) / 110) ** 2))
    shine(canvas, inside * road * (0.12 + 0.9 * smoothstep(0.48, 0.72, waves)), tint("ffb04d"))


BRIDGE = [(190, 850), (420, 790), (690, 742), (960, 724), (1230, 742), (1500, 790), (1730, 850)]


def arch(width: float, height: float) -> list[Point]:
    """Points along the vault of the bridge, from right to left."""
    turns = np.linspace(0, np.pi, 25).tolist()
    return [(960 + width * math.cos(turn), 985 - height * math.sin(turn)) for turn in turns]


def bridge(canvas: Canvas) -> Array:
    """The old stone bridge, its ring of wedge stones and its moss; returns its upper line."""
    line = ridge(canvas, BRIDGE, 5, 93, 60)
    back = [(x, ground(canvas, line, x)) for x in range(170, 1760, 10)]
    wall = numbers([*back, (1750, 1000), *arch(330, 190), (170, 1000)])
    stencil = cut(canvas, [wall])
    rows, columns = stencil.window
    x, y = np.broadcast_arrays(canvas.across[:, columns], canvas.down[rows])
    stones = facets(numbers(x), numbers(y), (62, 34), 94)
    bright = (0.7 + 0.6 * stones)[..., None]
    share = smoothstep(730, 1000, canvas.down[rows])[..., None]
    colour = (numbers(tint("4c6d66")) * (1 - share) + numbers(tint("14302f")) * share) * bright
    stamp(canvas, stencil, numbers(colour))

    for step in range(21):
        wedge(canvas, step / 21 * math.pi, math.pi / 21, step)
    moss(canvas, line)
    return line


def wedge(canvas: Canvas, turn: float, width: float, seed: int) -> None:
    """One stone of the ring around the arch."""
    gap = 0.012
    depth = 44 + 8 * (seed % 3)
    corners = [
        (turn + gap, 0),
        (turn + gap, depth),
        (turn + width / 2, depth + 3),
        (turn + width - gap, depth),
        (turn + width - gap, 0),
    ]
    points = [
        (960 + (330 + out) * math.cos(angle), 985 - (190 + out) * math.sin(angle))
        for angle, out in corners
    ]
    share = 0.25 + 0.35 * math.sin(turn) + 0.1 * ((seed * 7) % 5) / 4
    draw(canvas, [smooth(points, steps=3)], mix(tint("122b2c"), tint("7a9a88"), share))


def moss(canvas: Canvas, line: Array) -> None:
    """Moss that hangs over the back of the bridge in cushions and threads."""
    random = np.random.default_rng(95)
    for tone, count, drop in (("245a3c", 300, 34), ("3f8048", 240, 20), ("6aa851", 160, 9)):
        shape: Shape = []
        for _ in range(count):
            x = 175 + float(random.random()) * 1575
            y = ground(canvas, line, x) + float(random.random()) ** 2 * drop
            width = 7 + 13 * float(random.random())
            shape.append(oval(x, y, width, 4 + 6 * float(random.random())))
        draw(canvas, shape, tint(tone))
    edge_light(canvas, line, tint("ffdf8f"), 7, 0.0)


def owl_pine(canvas: Canvas) -> None:
    """The great dark trunk in front on the left, and the owl on its bough."""
    dark = tint("06191d")
    shape = limb([(70, -40), (86, 300), (72, 700), (50, 1120)], [70, 78, 88, 120])
    trunk = cut(canvas, shape, margin=20)
    stamp(canvas, trunk, dark)
    bark = noise(canvas, (16, 150), 100, 4)[trunk.window]
    edge = rim(trunk, (1.0, -0.1), 46 * canvas.scale) * smoothstep(0.35, 0.75, bark)
    stamp(canvas, Stencil(trunk.top, trunk.left, edge), tint("2f6d66"), 0.8)
    draw(canvas, branch([(90, 330), (220, 372), (360, 366), (520, 400)], 22), dark)
    draw(canvas, branch([(300, 368), (380, 410), (440, 430)], 8), dark)

    place = Place(330, 358, 1.95)
    draw_owl(canvas, place, tint("3d4a42"), tint("d8cfae"), tint("ffc94f"), tint("ffbe6a"))
    claws = [oval(330 + x, 360, 7, 9) for x in (-22, -8, 8, 22)]
    draw(canvas, claws, mix(dark, tint("ffc94f"), 0.3))

    needles(canvas, (90, 60), (420, 90), 150, dark, 96)
    needles(canvas, (100, 140), (270, 160), 100, dark, 97)


def needles(
    canvas: Canvas, root: Point, tip: Point, length: float, colour: Colour, seed: int
) -> None:
    """A hanging bough of pine needles."""
    random = np.random.default_rng(seed)
    shape: Shape = limb([root, ((root[0] + tip[0]) / 2, root[1] - 6), tip], [9, 5, 1.5])
    for share in np.linspace(0, 1, 150).tolist():
        x = root[0] + (tip[0] - root[0]) * share
        y = root[1] + (tip[1] - root[1]) * share - 10 * math.sin(share * math.pi)
        long = length * (0.35 + 0.5 * float(random.random())) * (1 - 0.6 * share)
        turn = 0.9 + 1.1 * float(random.random()) - 0.3
        shape.append(blade((x, y), (x + long * math.cos(turn), y + long * math.sin(turn)), -6, 5))
    draw(canvas, shape, colour)


def fern(canvas: Canvas, root: Point, tip: Point, colour: Colour) -> None:
    """One arching fern frond."""
    middle = ((root[0] * 0.65 + tip[0] * 0.35), tip[1] + (root[1] - tip[1]) * 0.12)
    spine = smooth([root, middle, tip], closed=False, steps=16)
    shape: Shape = limb([root, middle, tip], [3, 2.2, 0.6])
    size = math.hypot(tip[0] - root[0], tip[1] - root[1])
    for place, (x, y) in enumerate(spine[3:].tolist()):
        ahead = spine[min(place + 4, len(spine) - 1)] - spine[place + 2]
        turn = math.atan2(float(ahead[1]), float(ahead[0]))
        long = size * 0.26 * (1 - place / len(spine)) ** 0.8 + 4
        for side in (-1.05, 1.05):
            end = (x + long * math.cos(turn + side), y + long * math.sin(turn + side))
            upper = ((x + end[0]) / 2, (y + end[1]) / 2 - 4)
            lower = ((x + end[0]) / 2, (y + end[1]) / 2 + 4)
            shape.append(smooth([(x - 3, y), upper, end, lower], steps=4))
    draw(canvas, shape, colour)


def ferns(canvas: Canvas) -> None:
    """Ferns in both lower corners, which frame the run."""
    dark = tint("04171a")
    fern(canvas, (1700, 1120), (1880, 900), tint("0b2c2b"))
    fern(canvas, (1800, 1130), (1610, 870), dark)
    fern(canvas, (1880, 1130), (1760, 770), dark)
    fern(canvas, (1620, 1130), (1500, 980), dark)

    fern(canvas, (180, 1130), (370, 900), dark)
    fern(canvas, (260, 1130), (430, 1000), dark)
    fern(canvas, (330, 1130), (210, 940), dark)


def fireflies(canvas: Canvas, count: int, seed: int) -> None:
    """Sparks in the air of the wood."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        x = float(random.random()) * WIDTH
        y = 420 + float(random.random()) * 560
        glow(canvas, (x, y), 8 + 12 * float(random.random()), tint("eaff9a"), 0.75)


def wood(canvas: Canvas) -> None:
    """Page 3: a teal wood, and a running pool of warm light."""
    wood_air(canvas)
    ravine(canvas)
    stream(canvas)
    line = bridge(canvas)

    fox = Place(950, ground(canvas, line, 960) - 6, 1.75, -2)
    lantern = Place(*fox.spot(99, -72), 1.75, 14)
    heart = lantern.spot(0, 27)
    kindle(canvas, (heart[0], heart[1] + 140), 260, tint("ff9a3c"), 0.75, stretch=2.0)
    veil(canvas, heart, 430, tint("d9762c"), 0.5, stretch=1.25)
    veil(canvas, heart, 230, tint("ffb04f"), 0.55, stretch=1.1)
    glow(canvas, heart, 150, tint("ffc768"), 0.5)

    shadow = [oval(fox.x - 30, ground(canvas, line, 950) + 10, 150, 10)]
    draw(canvas, shadow, tint("0c211c"), 0.55, soften=6)
    draw_fox(canvas, running_fox(), fox, COAT)
    draw_lantern(canvas, lantern, tint("4a2a18"), tint("ffa63f"), 130)
    grass(canvas, line, (180, 1740), 420, 15, tint("2f6b3f"), 98, sink=8)

    owl_pine(canvas)
    ferns(canvas)
    fireflies(canvas, 26, 99)
