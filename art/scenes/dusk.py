"""Page 1: every evening she watched the lighthouse open its golden eye."""

from art.birds import draw_gull
from art.brushes import Array, Canvas, beam, glow, tint
from art.fox import Coat, draw_fox, sitting_fox
from art.headland import Rock, headland
from art.landscape import (
    clouds,
    edge_light,
    flowers,
    glitter,
    grass,
    ground,
    hill,
    mist,
    moon,
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
    fur=tint("c4552c"),
    pale=tint("f4cdb0"),
    dark=tint("3a1a3c"),
    rim=tint("ffdc9a"),
    toward=(0.75, -0.66),
    glint=1.0,
)
PAINTWORK = Paintwork(
    wall=tint("f2cdb4"),
    stripe=tint("a5404f"),
    iron=tint("3b2450"),
    shade=tint("6d4684"),
    glass=tint("ffe9a8"),
    side=-1,
    window=tint("ffdf94"),
)
ROCK = Rock(
    turf=tint("4d2a58"),
    top=tint("6f3d6c"),
    foot=tint("3f2656"),
    light=tint("ffa070"),
    toward=(-0.8, -0.6),
)


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
        canvas,
        band=(30, 450),
        cell=(760, 170),
        cover=0.62,
        lit=tint("ff9f86"),
        shadow=tint("5d3f80"),
        toward=(0.15, 1.0),
        seed=12,
        strength=0.85,
    )
    clouds(
        canvas,
        band=(330, 640),
        cell=(1000, 70),
        cover=0.6,
        lit=tint("ffd08f"),
        shadow=tint("b0597e"),
        toward=(0.1, 1.0),
        seed=21,
        strength=0.85,
    )
    glow(canvas, (960, 668), 250, tint("ffe7b0"), 0.8, stretch=1.5)
    moon(canvas, (300, 170), 34, tint("ffeccb"), crescent=0.62)


def dusk_shore(canvas: Canvas) -> None:
    """Far headlands, one behind the other, each a little less like the sky."""
    left = [(-50, 630), (300, 622), (520, 650), (700, 674)]
    right = [(1200, 680), (1420, 640), (1600, 590), (1980, 540)]
    far = ridge(canvas, [*left, *right], 16, 4, 140)
    hill(canvas, far, tint("d67f89"), tint("f0a183"), 110, 1)

    left = [(-50, 590), (120, 606), (260, 660), (340, 690)]
    right = [(1350, 700), (1480, 650), (1600, 600), (1760, 575), (1980, 540)]
    line = ridge(canvas, [*left, *right], 18, 7, 110)
    hill(canvas, line, tint("9a5580"), tint("cf7a80"), 130, 2)
    edge_light(canvas, line, tint("ffb777"), 8, 0.5)
    pines(canvas, line, (1620, 1940), 22, (26, 62), tint("854a78"), 8)


def dusk_hill(canvas: Canvas) -> Array:
    """Wren on her own hill, against the light; returns the skyline of the hill."""
    left = [(-50, 860), (300, 842), (620, 880)]
    right = [(900, 950), (1200, 1030), (1500, 1090), (1980, 1130)]
    back = ridge(canvas, [*left, *right], 16, 15)
    hill(canvas, back, tint("61325f"), tint("3b2250"), 220, 4)
    edge_light(canvas, back, tint("ff9a64"), 14, 0.45)
    grass(canvas, back, (-10, 1600), 1000, 26, tint("55305d"), 16)

    left = [(-50, 925), (150, 848), (380, 806), (560, 812)]
    right = [(800, 880), (1100, 985), (1500, 1075), (1980, 1120)]
    line = ridge(canvas, [*left, *right], 8, 17)
    draw_fox(canvas, sitting_fox(), Place(440, ground(canvas, line, 440) + 10, 2.1), COAT)
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
    stops = [(0, "f3a473"), (0.25, "b9648a"), (0.6, "5d3f80"), (1, "2a2459")]
    water(canvas, horizon, stops, 0.62, waves)
    swell(canvas, horizon, waves, tint("ffb58a"), tint("3a2a66"), 0.4)
    mist(canvas, horizon - 4, 16, tint("ffd9a4"), 0.5, 6)

    lamp = headland(canvas, Place(1400, 596, 1.36), ROCK, PAINTWORK, 9)
    reflection(canvas, 830, (1150, 1980), 150, waves, 0.7, tint("c49ab8"))
    surf(canvas, 832, (1145, 1930), tint("ffc9a0"), 0.4, 11)
    spread = 70 + 260 * (canvas.down - horizon) / 400
    glitter(canvas, horizon, waves, 960, spread, tint("ffd890"), 0.9)

    beam(canvas, lamp, 187, 3.0, 900, tint("ffe6a3"), 0.5)
    beam(canvas, lamp, -9, 3.0, 700, tint("ffe6a3"), 0.4)
    glow(canvas, lamp, 190, tint("ffcf7a"), 0.6)
    glow(canvas, lamp, 36, tint("fff6d8"), 1.0)

    dusk_meadow(canvas, dusk_hill(canvas))
    for x, y, size in ((830, 300, 0.9), (905, 262, 0.7), (990, 322, 0.6), (760, 345, 0.5)):
        draw_gull(canvas, Place(x, y, size, -6), tint("4a2d66"))
