"""The six pages of "The Fox and the Lighthouse", one function to a page, painted from far to near."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
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
    beam,
    blade,
    cut,
    distance,
    draw,
    facets,
    glow,
    kindle,
    light_up,
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
from art.characters import (
    LAMP_HEIGHT,
    Coat,
    Paintwork,
    Place,
    climbing_fox,
    curled_fox,
    draw_boat,
    draw_cottage,
    draw_fox,
    draw_gull,
    draw_lantern,
    draw_lighthouse,
    draw_owl,
    running_fox,
    sitting_fox,
)
from art.landscape import (
    branch,
    cliff,
    clouds,
    crests,
    edge_light,
    flowers,
    glitter,
    grass,
    ground,
    hill,
    mist,
    moon,
    pines,
    rays,
    reflection,
    ridge,
    ripples,
    sky,
    star,
    stars,
    surf,
    swell,
    water,
)

# The headland, which is the same on every page


CLIFF_FOOT = 170.0
TURF = [
    (-100, 16),
    (-86, 2),
    (-60, -2),
    (0, -3),
    (60, 0),
    (140, 6),
    (260, -8),
    (420, -26),
    (760, -40),
]


@dataclass(frozen=True)
class Rock:
    """The colours of the headland on one page: turf, rock above and below, and the light on its edge."""

    turf: Colour
    top: Colour
    foot: Colour
    light: Colour
    toward: Point


def headland(canvas: Canvas, place: Place, rock: Rock, paintwork: Paintwork, seed: int) -> Point:
    """The cliff with the lighthouse at the place given and the keeper's house behind; gives the place of the lamp."""
    face = [
        (-196, 174),
        (-186, 156),
        (-166, 152),
        (-158, 132),
        (-138, 126),
        (-128, 92),
        (-112, 74),
        (-114, 44),
        (-98, 16),
    ]
    outline = smooth([*face, *TURF[1:], (760, 174), (200, 174)], steps=5)
    draw_cottage(canvas, Place(*place.spot(74, 3), place.size * 0.85), paintwork)
    lamp = draw_lighthouse(canvas, place, paintwork)
    cliff(canvas, place.put([outline])[0], rock.top, rock.foot, rock.light, rock.toward, seed)
    corners = sorted(place.spot(x, y) for x, y in TURF)
    line = ridge(canvas, corners, 1.5 * place.size, seed + 2, 40)
    span = (max(corners[0][0] + 6, -20), min(corners[-1][0] - 6, WIDTH + 20))
    grass(
        canvas,
        line,
        span,
        int(span[1] - span[0]),
        9 * min(place.size, 1.6),
        rock.turf,
        seed + 3,
        sink=5 * place.size,
    )
    return lamp


# Page 1: every evening she watched the lighthouse open its golden eye


def dusk_sky(canvas: Canvas) -> None:
    """Violet above, orange where the sun went down, and clouds lit from below."""
    stops = [
        (0, "27285a"),
        (0.28, "57407f"),
        (0.52, "a3548a"),
        (0.74, "e67c6a"),
        (0.9, "fab365"),
        (1, "ffdf98"),
    ]
    sky(canvas, 660, stops)
    stars(canvas, 170, 330, tint("fff1dc"), 3)
    glow(canvas, (960, 650), 620, tint("ffb35c"), 0.5, stretch=1.7)
    clouds(
        canvas, (30, 450), (760, 170), 0.62, tint("ff9f86"), tint("5d3f80"), (0.15, 1.0), 12, 0.85
    )
    clouds(
        canvas, (330, 640), (1000, 70), 0.6, tint("ffd08f"), tint("b0597e"), (0.1, 1.0), 21, 0.85
    )
    glow(canvas, (960, 668), 250, tint("ffe7b0"), 0.8, stretch=1.5)
    moon(canvas, (300, 170), 34, tint("ffeccb"), crescent=0.62)


def dusk_shore(canvas: Canvas) -> None:
    """Far headlands, one behind the other, each a little less like the sky."""
    far = [
        (-50, 630),
        (300, 622),
        (520, 650),
        (700, 674),
        (1200, 680),
        (1420, 640),
        (1600, 590),
        (1980, 540),
    ]
    hill(canvas, ridge(canvas, far, 16, 4, 140), tint("d67f89"), tint("f0a183"), 110, 1)
    middle = [
        (-50, 590),
        (120, 606),
        (260, 660),
        (340, 690),
        (1350, 700),
        (1480, 650),
        (1600, 600),
        (1760, 575),
        (1980, 540),
    ]
    line = ridge(canvas, middle, 18, 7, 110)
    hill(canvas, line, tint("9a5580"), tint("cf7a80"), 130, 2)
    edge_light(canvas, line, tint("ffb777"), 8, 0.5)
    pines(canvas, line, (1620, 1940), 22, (26, 62), tint("854a78"), 8)


def dusk_hill(canvas: Canvas) -> Array:
    """Wren on her own hill, against the light; gives the skyline of the hill."""
    back = ridge(
        canvas,
        [(-50, 860), (300, 842), (620, 880), (900, 950), (1200, 1030), (1500, 1090), (1980, 1130)],
        16,
        15,
    )
    hill(canvas, back, tint("61325f"), tint("3b2250"), 220, 4)
    edge_light(canvas, back, tint("ff9a64"), 14, 0.45)
    grass(canvas, back, (-10, 1600), 1000, 26, tint("55305d"), 16)
    points = [
        (-50, 925),
        (150, 848),
        (380, 806),
        (560, 812),
        (800, 880),
        (1100, 985),
        (1500, 1075),
        (1980, 1120),
    ]
    line = ridge(canvas, points, 8, 17)
    coat = Coat(tint("c4552c"), tint("f4cdb0"), tint("3a1a3c"), tint("ffdc9a"), (0.75, -0.66), 1.0)
    draw_fox(canvas, sitting_fox(), Place(440, ground(canvas, line, 440) + 10, 2.1), coat)
    hill(canvas, line, tint("4a2956"), tint("1d1436"), 230, 5)
    edge_light(canvas, line, tint("ffa464"), 26, 0.45)
    return line


def dusk_meadow(canvas: Canvas, line: Array) -> None:
    """Grass and evening flowers over the hill, darker the nearer they are."""
    grass(canvas, line, (-10, 1700), 900, 30, tint("54305c"), 18, sink=30)
    grass(canvas, line, (-10, 1500), 700, 40, tint("3d2450"), 118, sink=120)
    flowers(canvas, line, (0, 1200), 50, 170, tint("f58f7c"), 19)
    low = [(-50, 1010), (300, 1000), (700, 1040), (1100, 1085), (1980, 1140)]
    grass(canvas, ridge(canvas, low, 10, 22), (-20, 1300), 900, 80, tint("170f2c"), 23, sink=60)


def dusk(canvas: Canvas) -> None:
    """Page 1: a warm dusk on the hill above the sea."""
    horizon = 668
    dusk_sky(canvas)
    dusk_shore(canvas)
    waves = ripples(canvas, horizon, 31, 0.75)
    water(
        canvas,
        horizon,
        [(0, "f3a473"), (0.25, "b9648a"), (0.6, "5d3f80"), (1, "2a2459")],
        0.62,
        waves,
    )
    swell(canvas, horizon, waves, tint("ffb58a"), tint("3a2a66"), 0.4)
    mist(canvas, horizon - 4, 16, tint("ffd9a4"), 0.5, 6)
    paintwork = Paintwork(
        tint("f2cdb4"),
        tint("a5404f"),
        tint("3b2450"),
        tint("6d4684"),
        tint("ffe9a8"),
        -1,
        tint("ffdf94"),
    )
    rock = Rock(tint("4d2a58"), tint("6f3d6c"), tint("3f2656"), tint("ffa070"), (-0.8, -0.6))
    lamp = headland(canvas, Place(1400, 596, 1.36), rock, paintwork, 9)
    reflection(canvas, 830, (1150, 1980), 150, waves, 0.7, tint("c49ab8"))
    surf(canvas, 832, (1145, 1930), tint("ffc9a0"), 0.4, 11)
    glitter(
        canvas, horizon, waves, 960, 70 + 260 * (canvas.down - horizon) / 400, tint("ffd890"), 0.9
    )
    beam(canvas, lamp, 187, 3.0, 900, tint("ffe6a3"), 0.5)
    beam(canvas, lamp, -9, 3.0, 700, tint("ffe6a3"), 0.4)
    glow(canvas, lamp, 190, tint("ffcf7a"), 0.6)
    glow(canvas, lamp, 36, tint("fff6d8"), 1.0)
    dusk_meadow(canvas, dusk_hill(canvas))
    for x, y, size in ((830, 300, 0.9), (905, 262, 0.7), (990, 322, 0.6), (760, 345, 0.5)):
        draw_gull(canvas, Place(x, y, size, -6), tint("4a2d66"))


# Page 2: the bay lay dark, and a tired little boat rang its bell


def night_sky(canvas: Canvas, horizon: float) -> None:
    """A cold sky with the moon shut away behind the clouds."""
    sky(canvas, horizon, [(0, "050b1f"), (0.35, "0b1a3a"), (0.7, "16305a"), (1, "3a5c86")])
    stars(canvas, 420, 460, tint("cfe0ff"), 41)
    glow(canvas, (760, 190), 330, tint("9fc0ee"), 0.55, stretch=1.4)
    clouds(
        canvas, (-60, 420), (820, 210), 0.72, tint("7f9ccb"), tint("101d3c"), (0.1, -1.0), 47, 0.95
    )
    moon(canvas, (760, 150), 46, tint("dbe8ff"))
    clouds(
        canvas, (130, 250), (700, 60), 0.75, tint("9db8e4"), tint("20345f"), (0.0, -1.0), 49, 0.8
    )
    clouds(
        canvas, (240, 540), (1000, 90), 0.6, tint("5d7dab"), tint("14294e"), (-0.1, -1.0), 52, 0.8
    )


def bell_rings(canvas: Canvas, at: Point, colour: Colour) -> None:
    """The sound of the bell as thin rings which fade outwards."""
    for step in range(1, 4):
        away = distance(canvas, at) - 20 * step - 8
        line = np.exp(-((away / 1.5) ** 2))
        aside = smoothstep(0.55, 0.95, np.abs(canvas.across - at[0]) / (20 * step + 8))
        shine(canvas, line * aside * (0.62 - 0.12 * step), colour)


def night_hill(canvas: Canvas) -> None:
    """Wren on her hill, small before so much dark water."""
    points = [
        (-50, 770),
        (160, 780),
        (330, 800),
        (480, 860),
        (600, 950),
        (720, 1040),
        (900, 1110),
        (1980, 1200),
    ]
    line = ridge(canvas, points, 10, 63, 100)
    coat = Coat(tint("7d4034"), tint("a9b4cc"), tint("141528"), tint("b9d4ff"), (0.55, -0.83))
    draw_fox(canvas, sitting_fox(look=2), Place(300, ground(canvas, line, 300) + 3, 1.75), coat)
    hill(canvas, line, tint("101d3a"), tint("050a1a"), 220, 64)
    edge_light(canvas, line, tint("8fb4ec"), 14, 0.35)
    grass(canvas, line, (-10, 900), 800, 26, tint("132243"), 65, sink=34)
    grass(canvas, line, (-10, 760), 500, 60, tint("070d20"), 66, sink=200)


def night(canvas: Canvas) -> None:
    """Page 2: a deep cold night, the tower dark, one tiny lamp on the water."""
    horizon = 520
    night_sky(canvas, horizon)
    far = [(-50, 470), (200, 480), (420, 505), (640, 530), (1200, 530), (1500, 470), (1980, 440)]
    hill(canvas, ridge(canvas, far, 14, 55, 120), tint("1d3a63"), tint("35567f"), 70, 56)
    waves = ripples(canvas, horizon, 57, 0.65)
    water(
        canvas,
        horizon,
        [(0, "3f618b"), (0.2, "1e3b65"), (0.55, "0f2144"), (1, "060d22")],
        0.5,
        waves,
    )
    swell(canvas, horizon, waves, tint("5f86bd"), tint("040a1c"), 0.55)
    glitter(
        canvas, horizon, waves, 790, 60 + 300 * (canvas.down - horizon) / 500, tint("b4cffa"), 0.6
    )
    paintwork = Paintwork(
        tint("8494b4"),
        tint("4a3c5c"),
        tint("0d1630"),
        tint("3c4a74"),
        tint("1a2848"),
        -1,
        tint("101a36"),
    )
    rock = Rock(tint("0f1d3a"), tint("1c2f54"), tint("0a1430"), tint("6f90c6"), (-0.6, -0.8))
    headland(canvas, Place(1500, 500, 1.5), rock, paintwork, 58)
    reflection(canvas, 757, (1230, 1980), 120, waves, 0.6, tint("8090b0"))
    surf(canvas, 759, (1220, 1930), tint("9db9e6"), 0.4, 59)
    mist(canvas, 530, 26, tint("5f82b0"), 0.5, 60)
    mist(canvas, 740, 40, tint("4d6d9c"), 0.28, 61)
    boat = Place(930, 660, 0.95, -7)
    draw_boat(canvas, boat, tint("1a2443"), tint("5d6c90"), tint("101934"), tint("ffb45e"))
    reflection(canvas, 664, (860, 1000), 50, waves, 0.6, tint("8090b0"))
    glitter(canvas, 668, waves, 878, 14 + 30 * (canvas.down - 668) / 100, tint("ffab52"), 0.8 * 0.9)
    bell_rings(canvas, boat.spot(68, -42), tint("ffd9a0"))
    crests(canvas, 640, 130, tint("8fb0e2"), 0.3, 71)
    night_hill(canvas)


# Page 3: through the whispering pines, over the mossy bridge, past the owl who never sleeps


def wood_air(canvas: Canvas) -> None:
    """Moonlit mist between the trees, and rows of pines that come out of it."""
    canvas.pixels[:] = ramp(
        canvas.down / HEIGHT, [(0, "0d3b40"), (0.35, "2b7a72"), (0.62, "5aa893"), (1, "163f40")]
    )
    glow(canvas, (1240, 300), 560, tint("b8f0cf"), 0.75, stretch=1.2)
    rows = [
        (640, (260, 420), 34, "5a9f90", 3.0, 81),
        (690, (380, 600), 22, "3f8379", 2.0, 82),
        (740, (560, 860), 13, "2a6562", 1.2, 83),
        (800, (760, 1100), 8, "174a4c", 0.6, 86),
    ]
    for level, heights, count, colour, fade, seed in rows:
        line = ridge(
            canvas,
            [(-50, level - 30), (600, level), (1200, level + 10), (1980, level - 40)],
            26,
            seed,
        )
        pines(canvas, line, (-60, 1980), count, heights, tint(colour), seed, fade)
        hill(canvas, line, tint(colour), mix(tint(colour), tint("5aa893"), 0.4), 150, seed)
        mist(canvas, level + 20, 70, tint("8fd0b4"), 0.42, seed + 10)
    rays(canvas, (1420, -160), tint("c9f7d6"), 0.34, 6, 900)


def ravine(canvas: Canvas) -> None:
    """The banks and the stream under the bridge."""
    bank = ridge(
        canvas,
        [(-50, 800), (330, 820), (640, 900), (960, 915), (1300, 890), (1620, 815), (1980, 780)],
        16,
        88,
    )
    hill(canvas, bank, tint("1f5a50"), tint("0b2b2e"), 190, 89)
    edge_light(canvas, bank, tint("7fd0a4"), 12, 0.25)
    grass(canvas, bank, (-10, 1930), 900, 22, tint("1c5148"), 90, sink=16)


def stream(canvas: Canvas) -> None:
    """The stream, in which the lantern lies broken to pieces."""
    waves = ripples(canvas, 860, 91, 0.4)
    half = 250 + (canvas.down - 905) * 0.55
    bend = 960 + 22 * np.sin(canvas.down / 38)
    inside = smoothstep(14, -14, np.abs(canvas.across - bend) - half) * smoothstep(
        902, 912, canvas.down
    )
    paint(
        canvas,
        inside,
        ramp(canvas.down / HEIGHT, [(0.82, "3f8a80"), (0.9, "1d5a5a"), (1, "0a3035")]),
    )
    shine(canvas, inside * smoothstep(0.55, 0.9, waves) * 0.4, tint("a8ecd0"))
    road = np.exp(-(((canvas.across - 1120) / 110) ** 2))
    shine(canvas, inside * road * (0.12 + 0.9 * smoothstep(0.48, 0.72, waves)), tint("ffb04d"))


BRIDGE = [(190, 850), (420, 790), (690, 742), (960, 724), (1230, 742), (1500, 790), (1730, 850)]


def arch(width: float, height: float) -> list[Point]:
    """Points along the vault of the bridge, from right to left."""
    turns = np.linspace(0, np.pi, 25)
    return [
        (960 + width * math.cos(turn), 985 - height * math.sin(turn)) for turn in turns.tolist()
    ]


def bridge(canvas: Canvas) -> Array:
    """The old stone bridge with its ring of wedge stones and its moss; gives the line of its back."""
    line = ridge(canvas, BRIDGE, 5, 93, 60)
    back = [(x, ground(canvas, line, x)) for x in range(170, 1760, 10)]
    wall = numbers([*back, (1750, 1000), *arch(330, 190), (170, 1000)])
    stencil = cut(canvas, [wall])
    rows, columns = stencil.window
    x, y = np.broadcast_arrays(canvas.across[:, columns], canvas.down[rows])
    stones = facets(numbers(x), numbers(y), (62, 34), 94)
    share = smoothstep(730, 1000, canvas.down[rows])[..., None]
    colour = (numbers(tint("4c6d66")) * (1 - share) + numbers(tint("14302f")) * share) * (
        0.7 + 0.6 * stones
    )[..., None]
    stamp(canvas, stencil, numbers(colour))
    for step in range(21):
        wedge(canvas, step / 21 * math.pi, math.pi / 21, step)
    moss(canvas, line)
    return line


def wedge(canvas: Canvas, turn: float, width: float, seed: int) -> None:
    """One stone of the ring around the arch."""
    gap, depth = 0.012, 44 + 8 * (seed % 3)
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
    """Moss over the back of the bridge, which hangs down in cushions and threads."""
    random = np.random.default_rng(95)
    for tone, count, drop in (("245a3c", 300, 34), ("3f8048", 240, 20), ("6aa851", 160, 9)):
        shape: Shape = []
        for _ in range(count):
            x = 175 + float(random.random()) * 1575
            y = ground(canvas, line, x) + float(random.random()) ** 2 * drop
            shape.append(
                oval(x, y, 7 + 13 * float(random.random()), 4 + 6 * float(random.random()))
            )
        draw(canvas, shape, tint(tone))
    edge_light(canvas, line, tint("ffdf8f"), 7, 0.0)


def owl_pine(canvas: Canvas) -> None:
    """The great dark trunk in front on the left, and the owl on its bough."""
    dark = tint("06191d")
    trunk = cut(
        canvas, limb([(70, -40), (86, 300), (72, 700), (50, 1120)], [70, 78, 88, 120]), margin=20
    )
    stamp(canvas, trunk, dark)
    bark = noise(canvas, (16, 150), 100, 4)[trunk.window]
    edge = rim(trunk, (1.0, -0.1), 46 * canvas.scale) * smoothstep(0.35, 0.75, bark)
    stamp(canvas, Stencil(trunk.top, trunk.left, edge), tint("2f6d66"), 0.8)
    draw(canvas, branch([(90, 330), (220, 372), (360, 366), (520, 400)], 22), dark)
    draw(canvas, branch([(300, 368), (380, 410), (440, 430)], 8), dark)
    place = Place(330, 358, 1.95)
    draw_owl(canvas, place, tint("3d4a42"), tint("d8cfae"), tint("ffc94f"), tint("ffbe6a"))
    draw(
        canvas, [oval(330 + x, 360, 7, 9) for x in (-22, -8, 8, 22)], mix(dark, tint("ffc94f"), 0.3)
    )
    needles(canvas, [(90, 60), (420, 90)], 150, dark, 96)
    needles(canvas, [(100, 140), (270, 160)], 100, dark, 97)


def needles(canvas: Canvas, span: list[Point], length: float, colour: Colour, seed: int) -> None:
    """A hanging bough of pine needles."""
    random = np.random.default_rng(seed)
    shape: Shape = limb(
        [span[0], ((span[0][0] + span[1][0]) / 2, span[0][1] - 6), span[1]], [9, 5, 1.5]
    )
    for share in np.linspace(0, 1, 150).tolist():
        x = span[0][0] + (span[1][0] - span[0][0]) * share
        y = span[0][1] + (span[1][1] - span[0][1]) * share - 10 * math.sin(share * math.pi)
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
            leaf = smooth(
                [
                    (x - 3, y),
                    ((x + end[0]) / 2, (y + end[1]) / 2 - 4),
                    end,
                    ((x + end[0]) / 2, (y + end[1]) / 2 + 4),
                ],
                steps=4,
            )
            shape.append(leaf)
    draw(canvas, shape, colour)


def ferns(canvas: Canvas) -> None:
    """Ferns in both lower corners, which frame the run."""
    dark, lit = tint("04171a"), tint("0b2c2b")
    for x, y, reach, height in (
        (1700, 1120, 180, 220),
        (1800, 1130, -190, 260),
        (1880, 1130, -120, 360),
        (1620, 1130, -120, 150),
    ):
        fern(canvas, (x, y), (x + reach, y - height), lit if reach > 0 else dark)
    for x, y, reach, height in (
        (180, 1130, 190, 230),
        (260, 1130, 170, 130),
        (330, 1130, -120, 190),
    ):
        fern(canvas, (x, y), (x + reach, y - height), dark)


def fireflies(canvas: Canvas, count: int, seed: int) -> None:
    """Sparks in the air of the wood."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        x, y = float(random.random()) * WIDTH, 420 + float(random.random()) * 560
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
    coat = Coat(tint("cf5f2a"), tint("fae0bd"), tint("361a1c"), tint("ffe09a"), (0.92, -0.2), 1.0)
    draw_fox(canvas, running_fox(), fox, coat)
    draw_lantern(canvas, lantern, tint("4a2a18"), tint("ffa63f"), 130)
    grass(canvas, line, (180, 1740), 420, 15, tint("2f6b3f"), 98, sink=8)
    owl_pine(canvas)
    ferns(canvas)
    fireflies(canvas, 26, 99)


# Page 4: three hundred winding steps, until her lantern shone into the great glass heart of the tower


AXIS = 1040.0
FLOOR = 590.0
TILT = 0.3
TURN_PER_STEP = 15.0
RISE = 21.0


def brick_wall(canvas: Canvas) -> None:
    """The round inside of the tower: courses of brick that bend away to both sides."""
    turn = np.arcsin(np.clip((canvas.across - AXIS) / 1250, -1, 1))
    level = (canvas.down - 480) / (1 + 0.5 * (1 - np.cos(turn)))
    course = np.floor(level / 44)
    column = turn * 1250 / 108 + 0.5 * (course % 2)
    stones = np.random.default_rng(7).random((97, 89))
    tone = stones[course.astype(int) % 97, np.floor(column).astype(int) % 89]
    seam = np.minimum(level / 44 - course, 1 - level / 44 + course) * 44
    joint = np.minimum(column - np.floor(column), 1 - column + np.floor(column)) * 108
    mortar = smoothstep(
        5.0, 1.5, np.minimum(seam, joint) + 3 * (noise(canvas, (30, 30), 8, 3) - 0.5)
    )
    wall = ramp(
        canvas.down / HEIGHT, [(0, "20225a"), (0.45, "2b2d6c"), (0.75, "1c1c4e"), (1, "080824")]
    )
    side = np.cos(turn) ** 1.5
    canvas.pixels[:] = (
        wall * ((0.78 + 0.24 * tone - 0.24 * mortar) * (0.22 + 0.8 * side))[..., None]
    )


def night_window(canvas: Canvas, x: float, top: float, seed: int, moonlit: bool = False) -> None:
    """A deep arched window with the starry night in it."""
    frame = [arched(x, top, 92, 340)]
    draw(canvas, [arched(x, top - 18, 114, 376)], tint("3c3c80"))
    draw(canvas, [arched(x - 5, top - 6, 98, 356)], tint("15153f"))
    pane = cut(canvas, frame)
    rows, _ = pane.window
    night = ramp((canvas.down[rows] - top) / 340, [(0, "0e1a4a"), (0.6, "28438a"), (1, "5f7fc0")])
    stamp(canvas, pane, np.broadcast_to(night, (*pane.coverage.shape, 3)).astype(np.float32))
    random = np.random.default_rng(seed)
    for _ in range(26):
        at = (x - 80 + 160 * float(random.random()), top + 25 + 250 * float(random.random()))
        star(
            canvas,
            at,
            1.2 + 1.6 * float(random.random()) ** 3,
            tint("e6eeff"),
            0.9 * float(random.random()),
        )
    if moonlit:
        moon(canvas, (x + 26, top + 96), 25, tint("e6eeff"))
    bars = [
        *limb([(x, top - 10), (x, top + 340)], [4, 4]),
        *limb([(x - 92, top + 150), (x + 92, top + 150)], [4, 4]),
    ]
    draw(canvas, bars, tint("15153f"))
    draw(
        canvas,
        [
            numbers(
                [
                    (x - 128, top + 338),
                    (x + 128, top + 338),
                    (x + 140, top + 372),
                    (x - 140, top + 372),
                ]
            )
        ],
        tint("4a4a92"),
    )


def arched(x: float, top: float, half: float, height: float) -> Outline:
    """An upright opening with a round head."""
    turns = np.linspace(np.pi, 2 * np.pi, 24)
    head = [
        (x + half * math.cos(turn), top + half + half * math.sin(turn)) for turn in turns.tolist()
    ]
    return numbers([*head, (x + half, top + height), (x - half, top + height)])


def on_stairs(step: float, radius: float) -> Point:
    """The place on the winding stairs, counted in steps down from the top."""
    turn = math.radians(62 + TURN_PER_STEP * step)
    return AXIS + radius * math.cos(turn), FLOOR + RISE * step + TILT * radius * math.sin(turn)


def stair(canvas: Canvas, step: int) -> None:
    """One step: the side towards us first, then the tread and its worn bright edge."""
    inner, outer, thick = 215.0, 500.0, 38.0
    near, far = on_stairs(step, outer), on_stairs(step + 1, outer)
    far = (far[0], far[1] - RISE)
    root, heel = on_stairs(step, inner), on_stairs(step + 1, inner)
    heel = (heel[0], heel[1] - RISE)
    dim = min(step / 26, 1.0)
    side, top = (
        mix(tint("2b2658"), tint("0c0b28"), dim),
        mix(tint("9a7462"), tint("1b1a48"), dim**0.6),
    )
    front = math.sin(math.radians(62 + TURN_PER_STEP * (step + 0.5))) > 0
    edge = [near, far] if front else [root, heel]
    draw(
        canvas,
        [numbers([*edge, (edge[1][0], edge[1][1] + thick), (edge[0][0], edge[0][1] + thick)])],
        side,
    )
    draw(
        canvas,
        [numbers([far, heel, (heel[0], heel[1] + RISE + 6), (far[0], far[1] + RISE + 6)])],
        mix(side, top, 0.4),
    )
    draw(canvas, [numbers([near, far, heel, root])], top)
    draw(canvas, limb([far, heel], [1.6, 1.6], steps=6), mix(top, tint("b9a8d8"), 0.45))
    if front:
        draw(canvas, limb([near, far], [1.8, 1.8], steps=6), mix(top, tint("b9a8d8"), 0.3))


def handrail(canvas: Canvas, steps: range) -> None:
    """An iron rail on thin posts along the outer side of the stairs."""
    tops = [(x, y - 104) for x, y in (on_stairs(step, 488) for step in steps)]
    posts: Shape = []
    for x, y in tops:
        posts += limb([(x, y), (x, y + 104)], [2.2, 2.2], steps=4)
    draw(canvas, posts, tint("17153d"))
    draw(canvas, limb(tops, [5, 5], steps=6), tint("17153d"))
    draw(canvas, limb([(x, y - 3) for x, y in tops], [1.3, 1.3], steps=6), tint("8f7fb8"), 0.7)


def pillar(canvas: Canvas) -> None:
    """The column that carries the lamp, and the round floor on top of it."""
    shaft = cut(
        canvas,
        [
            numbers(
                [(AXIS - 150, FLOOR), (AXIS + 150, FLOOR), (AXIS + 165, 1100), (AXIS - 165, 1100)]
            )
        ],
    )
    rows, columns = shaft.window
    across = np.clip((canvas.across[:, columns] - AXIS) / 160, -1, 1)
    light = 0.25 + 0.75 * np.exp(-(((across + 0.45) / 0.5) ** 2)) * smoothstep(
        1080, 600, canvas.down[rows]
    )
    stamp(canvas, shaft, numbers(light[..., None] * numbers(tint("5a4f8c"))))
    draw(canvas, [oval(AXIS, FLOOR + 26, 240, 72)], tint("1a1745"))
    draw(canvas, [oval(AXIS, FLOOR, 246, 74)], tint("4b3f70"))
    draw(canvas, [oval(AXIS, FLOOR - 5, 226, 66)], tint("5d4f80"))


def lens_half(share: Array) -> Array:
    """The half width of the lens; share runs from -1 at its top to 1 at its foot."""
    return numbers(178 * np.sqrt(np.clip(1 - 0.62 * share**2, 0, 1)))


def lens_light(share: Array, across: Array) -> Array:
    """How the prisms catch the lantern: each is bright at one edge, and a bull's eye burns in the middle."""
    bowed = share + 0.05 * np.sqrt(1 - across**2)
    tier = np.abs(bowed) * 9
    slope = tier - np.floor(tier)
    prism = slope**1.5 * smoothstep(1.0, 0.86, slope)
    facing = np.exp(-(((across + 0.5) / 0.32) ** 2)) + 0.5 * np.exp(
        -(((across - 0.62) / 0.16) ** 2)
    )
    rings = np.hypot(across * 1.05, bowed * 1.5) * 9
    eye = np.exp(-((rings / 3.2) ** 2)) * (0.7 + 0.3 * np.cos(rings * 6.28))
    outside = smoothstep(2.6, 3.4, rings)
    return numbers(
        np.clip(
            0.05 + 0.36 * (1 - across**2) + prism * (0.16 + 0.45 * facing) * outside + 0.95 * eye,
            0,
            1,
        )
    )


def great_lens(canvas: Canvas) -> None:
    """The great glass heart: a beehive of prisms in a brass frame."""
    middle, half = 330.0, 232.0
    levels = numbers(np.linspace(-1, 1, 40))
    sides = lens_half(levels)
    right = np.stack([AXIS + sides, middle + levels * half], axis=-1)
    left = np.stack([AXIS - sides, middle + levels * half], axis=-1)
    glass = cut(canvas, [numbers(np.concatenate([right, left[::-1]]))], margin=10)
    rows, columns = glass.window
    share = numbers(np.clip((canvas.down[rows] - middle) / half, -1, 1))
    across = numbers(np.clip((canvas.across[:, columns] - AXIS) / lens_half(share), -1, 1))
    stops = [
        (0, "141c4e"),
        (0.22, "3d3f7c"),
        (0.45, "a2593f"),
        (0.68, "ec9a3c"),
        (0.86, "ffd27a"),
        (1, "fff8dc"),
    ]
    stamp(canvas, glass, ramp(lens_light(share * np.ones_like(across), across), stops), 0.94)
    light_up(canvas, [oval(AXIS - 92, middle - 30, 13, 150, 4)], tint("fff0d0"), 0.35, soften=9)
    light_up(canvas, [oval(AXIS + 128, middle + 20, 7, 110, -5)], tint("cfe0ff"), 0.35, soften=6)
    brass, gleam = tint("6b4420"), tint("ffcf7a")
    for place in (-1.0, -0.72, 0.72, 1.0):
        rib = [
            (AXIS + place * float(side), middle + float(level) * half)
            for level, side in zip(levels, sides, strict=True)
        ]
        draw(canvas, limb(rib[::3], [5.5, 5.5], steps=5), brass)
        draw(canvas, limb([(x - 2, y) for x, y in rib[::3]], [1.4, 1.4], steps=5), gleam, 0.8)
    lens_mounts(canvas, middle, half, brass, gleam)


def lens_mounts(canvas: Canvas, middle: float, half: float, brass: Colour, gleam: Colour) -> None:
    """The brass crown above the glass and the turning table below it."""
    top, foot = middle - half, middle + half
    draw(
        canvas,
        [
            smooth(
                [
                    (AXIS - 122, top + 6),
                    (AXIS - 96, top - 26),
                    (AXIS - 30, top - 52),
                    (AXIS + 30, top - 52),
                    (AXIS + 96, top - 26),
                    (AXIS + 122, top + 6),
                ]
            )
        ],
        brass,
    )
    draw(canvas, limb([(AXIS, top - 50), (AXIS, -20)], [16, 12]), brass)
    draw(canvas, limb([(AXIS - 104, top - 12), (AXIS - 40, top - 42)], [2, 3, 1]), gleam, 0.8)
    draw(canvas, [oval(AXIS, foot + 12, 142, 30)], brass)
    draw(canvas, [oval(AXIS, foot + 3, 134, 24)], mix(brass, gleam, 0.25))
    draw(
        canvas,
        limb([(AXIS - 130, foot + 12), (AXIS - 60, foot + 32), (AXIS + 20, foot + 36)], [1, 3, 1]),
        gleam,
        0.7,
    )


def dust(canvas: Canvas, centre: Point, count: int, reach: float, seed: int) -> None:
    """Motes that hang golden in the lamplight."""
    random = np.random.default_rng(seed)
    for x, y in random.normal(0, reach, (count, 2)).tolist():
        star(
            canvas,
            (centre[0] + x, centre[1] + y * 0.7),
            1.2 + 2.0 * float(random.random()),
            tint("ffd88a"),
            0.7 * float(random.random()),
        )


def tower(canvas: Canvas) -> None:
    """Page 4: amber against indigo at the top of the winding stairs."""
    brick_wall(canvas)
    night_window(canvas, 420, 130, 5)
    night_window(canvas, 1660, 130, 6, moonlit=True)
    for pane in (420, 1660):
        glow(canvas, (pane, 300), 330, tint("7f9fe6"), 0.3)
    for step in sorted(range(8, 27), key=lambda step: -abs(step - 14)):
        if on_back(step):
            stair(canvas, step)
    handrail(canvas, range(8, 21))
    pillar(canvas)
    veil(canvas, (AXIS, 340), 470, tint("c9652c"), 0.62, stretch=1.1)
    for step in range(32, -1, -1):
        if not on_back(step):
            stair(canvas, step)
    x, y = on_stairs(4.6, 380)
    fox = Place(x, y - 12, 1.75, -6)
    lantern = Place(*fox.spot(84, -92), 1.75, 4)
    heart = lantern.spot(0, 27)
    kindle(canvas, heart, 400, tint("ff9a3c"), 0.75, stretch=1.3)
    veil(canvas, heart, 300, tint("e08a3c"), 0.4, stretch=1.2)
    great_lens(canvas)
    draw(canvas, [oval(x - 20, y + 2, 120, 13)], tint("100d2c"), 0.6, soften=6)
    coat = Coat(tint("d0602b"), tint("fbe2c0"), tint("341a30"), tint("ffd98c"), (0.85, -0.5), 0.85)
    draw_fox(canvas, climbing_fox(), fox, coat)
    draw_lantern(canvas, lantern, tint("4a2a18"), tint("ffa63f"), 130)
    glow(canvas, (AXIS, 330), 300, tint("ff9a3c"), 0.3)
    glow(canvas, (AXIS, 330), 90, tint("ffe0a0"), 0.7)
    rays(canvas, (AXIS, 330), tint("ffb65a"), 0.25, 12, 420)
    dust(canvas, (AXIS - 130, 450), 130, 260, 13)


def on_back(step: int) -> bool:
    """Whether a step lies behind the pillar."""
    return math.sin(math.radians(62 + TURN_PER_STEP * (step + 0.5))) < 0


# Page 5: the lamp drank in the little flame and grew, and a road of gold rolled out across the waves


def blazing_sky(canvas: Canvas, horizon: float, lamp: Point) -> None:
    """A dark sky which the light has just torn open."""
    sky(canvas, horizon, [(0, "060a26"), (0.4, "111a4a"), (0.75, "2a2a66"), (1, "5c3f6c")])
    stars(canvas, 300, 520, tint("dfe4ff"), 121)
    clouds(
        canvas, (-40, 430), (760, 190), 0.66, tint("d98a4a"), tint("1c1f50"), (-0.9, 0.25), 124, 0.9
    )
    clouds(
        canvas, (300, 620), (1000, 80), 0.6, tint("d9854a"), tint("332d62"), (-0.9, -0.1), 127, 0.8
    )
    veil(canvas, lamp, 620, tint("a84a24"), 0.45, stretch=1.2)
    veil(canvas, lamp, 380, tint("f0952e"), 0.75)
    veil(canvas, lamp, 230, tint("ffcf66"), 0.8)
    rays(canvas, lamp, tint("ffab3d"), 0.6, 8, 760)
    kindle(canvas, lamp, 900, tint("ff9a3c"), 0.2, stretch=1.5)


def golden_road(canvas: Canvas, horizon: float, waves: Array) -> None:
    """The road of light on the waves, from the skyline down to our feet."""
    near = np.clip((canvas.down - horizon) / (HEIGHT - horizon), 0, 1)
    centre, spread = numbers(1330 - 130 * near), numbers(110 + 430 * near)
    veil(canvas, (1240, 900), 330, tint("b4601f"), 0.55, stretch=2.0)
    glitter(canvas, horizon, waves, centre, spread * 1.6, tint("d06f1f"), 0.9, 0.5)
    glitter(canvas, horizon, waves, centre, spread, tint("ffab33"), 1.0, 0.52)
    glitter(canvas, horizon, waves, centre, spread * 0.5, tint("ffe79a"), 0.95, 0.58)


def lamp_burst(canvas: Canvas, lamp: Point) -> None:
    """The great beam over the water, and its fainter twin behind."""
    beam(canvas, lamp, 13, 6.5, 2200, tint("ff9f2e"), 0.8)
    beam(canvas, lamp, 13, 2.6, 1700, tint("ffdf85"), 0.85)
    beam(canvas, lamp, 193, 6.0, 900, tint("ffb03d"), 0.7)
    glow(canvas, lamp, 130, tint("ffc04d"), 0.6)


def gold(canvas: Canvas) -> None:
    """Page 5: a burst of gold over dark water, and a small fox on the gallery."""
    horizon = 640
    place = Place(470, 850, 2.6, flip=True)
    lamp = place.spot(0, LAMP_HEIGHT)
    blazing_sky(canvas, horizon, lamp)
    far = [(-50, 560), (700, 600), (1000, 648), (1500, 652), (1700, 622), (1980, 590)]
    hill(canvas, ridge(canvas, far, 14, 128, 120), tint("43305f"), tint("8a5064"), 70, 129)
    waves = ripples(canvas, horizon, 131, 0.62)
    water(
        canvas,
        horizon,
        [(0, "7a4c5c"), (0.2, "2c2760"), (0.6, "101644"), (1, "060a26")],
        0.42,
        waves,
    )
    swell(canvas, horizon, waves, tint("8a5a78"), tint("050820"), 0.55)
    golden_road(canvas, horizon, waves)
    mist(canvas, horizon, 14, tint("ffb870"), 0.4, 132)
    boat_in_gold(canvas, waves)
    crests(canvas, 760, 110, tint("ffcf86"), 0.35, 133)
    paintwork = Paintwork(
        tint("e2b48c"),
        tint("98323a"),
        tint("241535"),
        tint("4a3468"),
        tint("fff3c0"),
        1,
        tint("ffcf70"),
    )
    rock = Rock(tint("191536"), tint("352850"), tint("0b0c28"), tint("ffab4d"), (0.75, -0.65))
    headland(canvas, place, rock, paintwork, 134)
    lamp_burst(canvas, lamp)
    coat = Coat(tint("8c3a20"), tint("d9a478"), tint("24101f"), tint("ffeeb4"), (-0.85, -0.3), 1.0)
    seat = place.spot(-20, -205.2)
    draw_fox(canvas, sitting_fox(look=4), Place(*seat, 0.9), coat)
    railing(canvas, place)
    glow(canvas, lamp, 44, tint("fffbe6"), 0.9)
    for x, y, size, turn in (
        (1010, 250, 1.0, -8),
        (1130, 180, 0.75, 6),
        (1490, 300, 0.9, -4),
        (1640, 215, 0.6, 8),
        (880, 150, 0.6, 4),
    ):
        draw_gull(canvas, Place(x, y, size, turn), tint("ffe4a8"))


def boat_in_gold(canvas: Canvas, waves: Array) -> None:
    """The boat that found its way, dark against the road, with the light in its sail."""
    place = Place(1310, 752, 1.35, 4, flip=True)
    draw_boat(canvas, place, tint("3f1c2c"), tint("c8613a"), tint("3a1a28"), tint("ffd27a"))
    light_up(
        canvas,
        place.put([smooth([(9, -104), (25, -76), (20, -40), (9, -31)], steps=6)]),
        tint("ffb45a"),
        0.35,
        soften=5,
    )
    reflection(canvas, 760, (1225, 1395), 110, waves, 0.75, tint("b07048"))


def railing(canvas: Canvas, place: Place) -> None:
    """The bars of the gallery that stand in front of Wren."""
    bars: Shape = []
    for x in np.linspace(-27, 27, 9).tolist():
        bars += limb([(x, -205), (x, -221)], [0.7, 0.7], steps=4)
    bars += limb([(-28, -221), (28, -221)], [0.9, 0.9])
    draw(canvas, place.put(bars), tint("2a1a30"))


# Page 6: home came the boat, home came the gulls, and home came Wren to bed


def dawn_sky(canvas: Canvas, horizon: float) -> None:
    """A sky of rose and peach before the sun is up."""
    sky(
        canvas,
        horizon,
        [(0, "859fd2"), (0.3, "bfaed6"), (0.56, "eeb6c2"), (0.8, "fcc3a4"), (1, "ffd9a8")],
    )
    stars(canvas, 40, 200, tint("ffffff"), 141)
    glow(canvas, (1020, 530), 380, tint("ffdca0"), 0.5, stretch=1.6)
    clouds(
        canvas, (20, 330), (760, 130), 0.6, tint("ffe4d2"), tint("b59fc6"), (0.2, 1.0), 143, 0.85
    )
    clouds(
        canvas, (230, 500), (1000, 60), 0.58, tint("fff0d6"), tint("e0a8b4"), (0.1, 1.0), 147, 0.8
    )


def dawn_land(canvas: Canvas) -> None:
    """Misty hills, each a breath darker than the one behind."""
    for points, top, foot, seed in (
        (
            [(-50, 430), (300, 470), (700, 520), (1100, 535), (1500, 480), (1980, 400)],
            "e3b5c4",
            "fbd5c4",
            151,
        ),
        (
            [(-50, 500), (260, 520), (520, 548), (1300, 550), (1560, 505), (1980, 440)],
            "c79bb8",
            "f3c6c0",
            152,
        ),
    ):
        line = ridge(canvas, points, 16, seed, 120)
        hill(canvas, line, tint(top), tint(foot), 100, seed)
        if seed == 152:
            pines(canvas, line, (1480, 1940), 26, (24, 60), tint("b98fb0"), 153)
    mist(canvas, 532, 24, tint("ffdcc4"), 0.5, 154)


def moored_boat(canvas: Canvas, waves: Array) -> None:
    """The boat home at its jetty, with its picture in the still water."""
    posts: Shape = []
    for x in range(560, 800, 46):
        posts += limb([(x, 668), (x, 722)], [4.5, 4.5], steps=4)
    planks = [numbers([(520, 678), (806, 678), (812, 689), (516, 689)])]
    draw(canvas, [*posts, *planks], tint("7d5a7c"))
    draw(canvas, limb([(520, 678), (806, 678)], [1.5, 1.5], steps=4), tint("ffd9c0"))
    draw_boat(
        canvas, Place(890, 716, 1.2, -1), tint("8a3f5c"), tint("d9827c"), tint("5e3d62"), None
    )
    draw(canvas, limb([(968, 680), (900, 700), (806, 684)], [1.2, 1.2]), tint("6e4a6c"))
    reflection(canvas, 722, (540, 985), 130, waves, 0.65, tint("e6c6d4"))
    surf(canvas, 722, (560, 960), tint("fff0e0"), 0.45, 156)


def blossom_tree(canvas: Canvas) -> None:
    """The old tree over Wren's bed, its boughs in front of the sky like a curtain."""
    bark = tint("573a58")
    boughs = [
        ([(1850, 1010), (1800, 800), (1818, 560), (1780, 330), (1800, 60)], 62.0),
        ([(1800, 520), (1700, 380), (1560, 300), (1380, 250)], 24.0),
        ([(1790, 380), (1690, 220), (1560, 130), (1420, 90)], 22.0),
        ([(1590, 310), (1500, 330), (1430, 380)], 9.0),
        ([(1640, 190), (1530, 190), (1440, 190)], 9.0),
    ]
    for points, thick in boughs:
        stencil = cut(canvas, branch([(float(x), float(y)) for x, y in points], thick), margin=20)
        stamp(canvas, stencil, bark)
        stamp(
            canvas,
            Stencil(stencil.top, stencil.left, rim(stencil, (-0.9, -0.3), 14 * canvas.scale)),
            tint("e8a890"),
            0.6,
        )
    tones = [("8d5f86", 62), ("b67a98", 52), ("dd9cae", 44), ("f8c9c6", 34)]
    for place, (tone, reach) in enumerate(tones):
        blossoms(canvas, reach, tint(tone), 160 + place)


def blossoms(canvas: Canvas, reach: float, colour: Colour, seed: int) -> None:
    """One coat of small leaves and petals about the boughs."""
    random = np.random.default_rng(seed)
    shape: Shape = []
    for x, y, wide in (
        (1400, 250, 1.0),
        (1500, 285, 1.2),
        (1610, 300, 1.3),
        (1430, 95, 1.2),
        (1540, 125, 1.4),
        (1660, 160, 1.6),
        (1760, 90, 1.9),
        (1850, 190, 1.9),
        (1720, 330, 1.3),
        (1440, 375, 0.8),
        (1445, 190, 0.9),
        (1880, 350, 1.5),
        (1600, 30, 1.4),
    ):
        for across, down in random.normal(0, reach * wide * 0.62, (60, 2)).tolist():
            turn, size = float(random.random()) * 180, 5 + 6 * float(random.random())
            shape.append(
                oval(x + across, y + down * 0.75 - (62 - reach) * 0.5, size, size * 0.6, turn)
            )
    draw(canvas, shape, colour)


def bed_hill(canvas: Canvas) -> Array:
    """The hill of the first page in the morning, where Wren has her bed."""
    back = ridge(
        canvas, [(-50, 930), (300, 925), (700, 930), (1100, 860), (1400, 800), (1980, 760)], 10, 165
    )
    hill(canvas, back, tint("b78aa6"), tint("8d6a94"), 200, 166)
    edge_light(canvas, back, tint("ffe0c0"), 14, 0.5)
    grass(canvas, back, (-10, 1930), 1000, 24, tint("ab7f9f"), 167)
    line = ridge(
        canvas,
        [(-50, 1075), (300, 1050), (700, 985), (1000, 915), (1250, 876), (1500, 868), (1980, 880)],
        8,
        168,
    )
    hill(canvas, line, tint("8a6790"), tint("4f3d6c"), 230, 169)
    edge_light(canvas, line, tint("ffd9b8"), 22, 0.5)
    return line


def nest(canvas: Canvas, line: Array) -> None:
    """Wren asleep in a bed of grass."""
    x = 1290
    y = ground(canvas, line, x) + 34
    draw(canvas, [oval(x, y - 2, 175, 24)], tint("3f2f5c"), 0.6, soften=9)
    coat = Coat(tint("d8703f"), tint("fdeedd"), tint("5a3048"), tint("ffe6c4"), (-0.55, -0.83), 0.9)
    draw_fox(canvas, curled_fox(), Place(x, y, 2.4, 1), coat)
    draw_lantern(canvas, Place(x + 262, y - 66, 1.8), tint("4f3560"), tint("ffc98a"), 60)
    front = ridge(canvas, [(x - 300, y + 26), (x, y + 20), (x + 300, y + 24)], 3, 175)
    grass(canvas, front, (x - 190, x + 300), 170, 26, tint("5f477a"), 176, sink=14)


def dawn(canvas: Canvas) -> None:
    """Page 6: a soft pink morning, everybody home."""
    horizon = 545
    dawn_sky(canvas, horizon)
    paint(canvas, smoothstep(53, 50, distance(canvas, (1020, 528))), tint("fff6d8"))
    glow(canvas, (1020, 528), 120, tint("fff0c0"), 0.7)
    dawn_land(canvas)
    waves = ripples(canvas, horizon, 155, 0.7)
    water(
        canvas,
        horizon,
        [(0, "ffe3c8"), (0.3, "f0bfc4"), (0.7, "b99fc6"), (1, "8388b8")],
        0.75,
        waves,
        0.5,
    )
    swell(canvas, horizon, waves, tint("ffeedd"), tint("9a86b4"), 0.3)
    glitter(
        canvas, horizon, waves, 1020, 90 + 200 * (canvas.down - horizon) / 400, tint("fff0cf"), 0.7
    )
    paintwork = Paintwork(
        tint("fbe6dc"),
        tint("c9717c"),
        tint("73587f"),
        tint("b79ac0"),
        tint("fff1c4"),
        1,
        tint("ffe9b0"),
    )
    rock = Rock(tint("9c7a9c"), tint("b08aa8"), tint("8a6c98"), tint("ffdcc0"), (0.7, -0.7))
    lamp = headland(canvas, Place(330, 480, 1.02, flip=True), rock, paintwork, 157)
    reflection(canvas, 656, (-100, 520), 150, waves, 0.7, tint("e0c4d4"))
    surf(canvas, 657, (-10, 530), tint("fff0e0"), 0.4, 158)
    mist(canvas, 640, 36, tint("ffe9dc"), 0.4, 159)
    beam(canvas, lamp, 4, 3.5, 620, tint("fff0b8"), 0.6)
    glow(canvas, lamp, 130, tint("ffe9a0"), 0.7)
    glow(canvas, lamp, 30, tint("fffbe0"), 1.0)
    moored_boat(canvas, waves)
    for x, y, size, turn in (
        (700, 250, 0.9, -5),
        (790, 215, 0.7, 4),
        (880, 275, 0.6, -8),
        (1090, 180, 0.5, 3),
    ):
        draw_gull(canvas, Place(x, y, size, turn), tint("fffaf2"))
    line = bed_hill(canvas)
    blossom_tree(canvas)
    morning_meadow(canvas, line)
    nest(canvas, line)
    low = ridge(
        canvas, [(-50, 1075), (500, 1085), (1000, 1072), (1500, 1062), (1980, 1040)], 8, 173
    )
    grass(canvas, low, (-20, 1940), 1000, 64, tint("41325f"), 174, sink=50)


def morning_meadow(canvas: Canvas, line: Array) -> None:
    """Grass and flowers around the sleeper, her lantern put out beside her."""
    grass(canvas, line, (600, 1930), 700, 26, tint("7d5d88"), 170, sink=40)
    grass(canvas, line, (-10, 1930), 900, 34, tint("674e80"), 171, sink=150)
    flowers(canvas, line, (500, 1900), 70, 190, tint("fbd9d0"), 172)


Scene = Callable[[Canvas], None]
SCENES: tuple[Scene, ...] = (dusk, night, wood, tower, gold, dawn)
