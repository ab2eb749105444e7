"""Page 6: home came the boat, home came the gulls, and home came Wren to bed."""

import numpy as np

from art.birds import draw_gull
from art.boat import draw_boat
from art.brushes import (
    Array,
    Canvas,
    Colour,
    Shape,
    Stencil,
    beam,
    cut,
    distance,
    draw,
    glow,
    limb,
    numbers,
    oval,
    paint,
    rim,
    smoothstep,
    stamp,
    tint,
)
from art.fox import Coat, curled_fox, draw_fox, draw_lantern
from art.headland import Rock, headland
from art.landscape import (
    branch,
    clouds,
    edge_light,
    flowers,
    glitter,
    grass,
    ground,
    hill,
    mist,
    pines,
    reflection,
    ridge,
    ripples,
    sky,
    stars,
    surf,
    swell,
    water,
)
from art.lighthouse import Paintwork
from art.place import Place

COAT = Coat(
    fur=tint("d8703f"),
    pale=tint("fdeedd"),
    dark=tint("5a3048"),
    rim=tint("ffe6c4"),
    toward=(-0.55, -0.83),
    glint=0.9,
)
PAINTWORK = Paintwork(
    wall=tint("fbe6dc"),
    stripe=tint("c9717c"),
    iron=tint("73587f"),
    shade=tint("b79ac0"),
    glass=tint("fff1c4"),
    side=1,
    window=tint("ffe9b0"),
)
ROCK = Rock(
    turf=tint("9c7a9c"),
    top=tint("b08aa8"),
    foot=tint("8a6c98"),
    light=tint("ffdcc0"),
    toward=(0.7, -0.7),
)


def dawn_sky(canvas: Canvas, horizon: float) -> None:
    """A sky of rose and peach before the sun is up."""
    stops = [(0, "859fd2"), (0.3, "bfaed6"), (0.56, "eeb6c2"), (0.8, "fcc3a4"), (1, "ffd9a8")]
    sky(canvas, horizon, stops)
    stars(canvas, 40, 200, tint("ffffff"), 141)
    glow(canvas, (1020, 530), 380, tint("ffdca0"), 0.5, stretch=1.6)
    clouds(
        canvas,
        band=(20, 330),
        cell=(760, 130),
        cover=0.6,
        lit=tint("ffe4d2"),
        shadow=tint("b59fc6"),
        toward=(0.2, 1.0),
        seed=143,
        strength=0.85,
    )
    clouds(
        canvas,
        band=(230, 500),
        cell=(1000, 60),
        cover=0.58,
        lit=tint("fff0d6"),
        shadow=tint("e0a8b4"),
        toward=(0.1, 1.0),
        seed=147,
        strength=0.8,
    )


def dawn_land(canvas: Canvas) -> None:
    """Misty hills, each a breath darker than the one behind."""
    far = [(-50, 430), (300, 470), (700, 520), (1100, 535), (1500, 480), (1980, 400)]
    line = ridge(canvas, far, 16, 151, 120)
    hill(canvas, line, tint("e3b5c4"), tint("fbd5c4"), 100, 151)

    near = [(-50, 500), (260, 520), (520, 548), (1300, 550), (1560, 505), (1980, 440)]
    line = ridge(canvas, near, 16, 152, 120)
    hill(canvas, line, tint("c79bb8"), tint("f3c6c0"), 100, 152)
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

    place = Place(890, 716, 1.2, -1)
    draw_boat(canvas, place, tint("8a3f5c"), tint("d9827c"), tint("5e3d62"), None)
    draw(canvas, limb([(968, 680), (900, 700), (806, 684)], [1.2, 1.2]), tint("6e4a6c"))
    reflection(canvas, 722, (540, 985), 130, waves, 0.65, tint("e6c6d4"))
    surf(canvas, 722, (560, 960), tint("fff0e0"), 0.45, 156)


def flock(canvas: Canvas) -> None:
    """Gulls on their way home."""
    for x, y, size, turn in (
        (700, 250, 0.9, -5),
        (790, 215, 0.7, 4),
        (880, 275, 0.6, -8),
        (1090, 180, 0.5, 3),
    ):
        draw_gull(canvas, Place(x, y, size, turn), tint("fffaf2"))


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
        lit = rim(stencil, (-0.9, -0.3), 14 * canvas.scale)
        stamp(canvas, Stencil(stencil.top, stencil.left, lit), tint("e8a890"), 0.6)

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
            turn = float(random.random()) * 180
            size = 5 + 6 * float(random.random())
            height = y + down * 0.75 - (62 - reach) * 0.5
            shape.append(oval(x + across, height, size, size * 0.6, turn))
    draw(canvas, shape, colour)


def bed_hill(canvas: Canvas) -> Array:
    """The hill of the first page in the morning, where Wren has her bed; returns its skyline."""
    points = [(-50, 930), (300, 925), (700, 930), (1100, 860), (1400, 800), (1980, 760)]
    back = ridge(canvas, points, 10, 165)
    hill(canvas, back, tint("b78aa6"), tint("8d6a94"), 200, 166)
    edge_light(canvas, back, tint("ffe0c0"), 14, 0.5)
    grass(canvas, back, (-10, 1930), 1000, 24, tint("ab7f9f"), 167)

    left = [(-50, 1075), (300, 1050), (700, 985)]
    right = [(1000, 915), (1250, 876), (1500, 868), (1980, 880)]
    line = ridge(canvas, [*left, *right], 8, 168)
    hill(canvas, line, tint("8a6790"), tint("4f3d6c"), 230, 169)
    edge_light(canvas, line, tint("ffd9b8"), 22, 0.5)
    return line


def nest(canvas: Canvas, line: Array) -> None:
    """Wren asleep in a bed of grass."""
    x = 1290
    y = ground(canvas, line, x) + 34
    draw(canvas, [oval(x, y - 2, 175, 24)], tint("3f2f5c"), 0.6, soften=9)
    draw_fox(canvas, curled_fox(), Place(x, y, 2.4, 1), COAT)
    draw_lantern(canvas, Place(x + 262, y - 66, 1.8), tint("4f3560"), tint("ffc98a"), 60)
    front = ridge(canvas, [(x - 300, y + 26), (x, y + 20), (x + 300, y + 24)], 3, 175)
    grass(canvas, front, (x - 190, x + 300), 170, 26, tint("5f477a"), 176, sink=14)


def morning_meadow(canvas: Canvas, line: Array) -> None:
    """Grass and flowers around the sleeper, her lantern put out."""
    grass(canvas, line, (600, 1930), 700, 26, tint("7d5d88"), 170, sink=40)
    grass(canvas, line, (-10, 1930), 900, 34, tint("674e80"), 171, sink=150)
    flowers(canvas, line, (500, 1900), 70, 190, tint("fbd9d0"), 172)


def dawn(canvas: Canvas) -> None:
    """Page 6: a soft pink morning, everybody home."""
    horizon = 545
    dawn_sky(canvas, horizon)
    paint(canvas, smoothstep(53, 50, distance(canvas, (1020, 528))), tint("fff6d8"))
    glow(canvas, (1020, 528), 120, tint("fff0c0"), 0.7)
    dawn_land(canvas)

    waves = ripples(canvas, horizon, 155, 0.7)
    stops = [(0, "ffe3c8"), (0.3, "f0bfc4"), (0.7, "b99fc6"), (1, "8388b8")]
    water(canvas, horizon, stops, 0.75, waves, stir=0.5)
    swell(canvas, horizon, waves, tint("ffeedd"), tint("9a86b4"), 0.3)
    spread = 90 + 200 * (canvas.down - horizon) / 400
    glitter(canvas, horizon, waves, 1020, spread, tint("fff0cf"), 0.7)

    lamp = headland(canvas, Place(330, 480, 1.02, flip=True), ROCK, PAINTWORK, 157)
    reflection(canvas, 656, (-100, 520), 150, waves, 0.7, tint("e0c4d4"))
    surf(canvas, 657, (-10, 530), tint("fff0e0"), 0.4, 158)
    mist(canvas, 640, 36, tint("ffe9dc"), 0.4, 159)
    beam(canvas, lamp, 4, 3.5, 620, tint("fff0b8"), 0.6)
    glow(canvas, lamp, 130, tint("ffe9a0"), 0.7)
    glow(canvas, lamp, 30, tint("fffbe0"), 1.0)
    moored_boat(canvas, waves)
    flock(canvas)

    line = bed_hill(canvas)
    blossom_tree(canvas)
    morning_meadow(canvas, line)
    nest(canvas, line)
    points = [(-50, 1075), (500, 1085), (1000, 1072), (1500, 1062), (1980, 1040)]
    low = ridge(canvas, points, 8, 173)
    grass(canvas, low, (-20, 1940), 1000, 64, tint("41325f"), 174, sink=50)
