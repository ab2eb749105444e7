"""Page 2: the bay lay dark, and a tired little boat rang its bell."""

import numpy as np

from art.boat import draw_boat
from art.brushes import Canvas, Colour, Point, distance, glow, shine, smoothstep, tint
from art.fox import Coat, draw_fox, sitting_fox
from art.headland import Rock, headland
from art.landscape import (
    clouds,
    crests,
    edge_light,
    glitter,
    grass,
    ground,
    hill,
    mist,
    moon,
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
    fur=tint("7d4034"),
    pale=tint("a9b4cc"),
    dark=tint("141528"),
    rim=tint("b9d4ff"),
    toward=(0.55, -0.83),
)
PAINTWORK = Paintwork(
    wall=tint("8494b4"),
    stripe=tint("4a3c5c"),
    iron=tint("0d1630"),
    shade=tint("3c4a74"),
    glass=tint("1a2848"),
    side=-1,
    window=tint("101a36"),
)
ROCK = Rock(
    turf=tint("0f1d3a"),
    top=tint("1c2f54"),
    foot=tint("0a1430"),
    light=tint("6f90c6"),
    toward=(-0.6, -0.8),
)


def night_sky(canvas: Canvas, horizon: float) -> None:
    """A cold sky with the moon shut away behind the clouds."""
    sky(canvas, horizon, [(0, "050b1f"), (0.35, "0b1a3a"), (0.7, "16305a"), (1, "3a5c86")])
    stars(canvas, 420, 460, tint("cfe0ff"), 41)
    glow(canvas, (760, 190), 330, tint("9fc0ee"), 0.55, stretch=1.4)
    clouds(
        canvas,
        band=(-60, 420),
        cell=(820, 210),
        cover=0.72,
        lit=tint("7f9ccb"),
        shadow=tint("101d3c"),
        toward=(0.1, -1.0),
        seed=47,
        strength=0.95,
    )
    moon(canvas, (760, 150), 46, tint("dbe8ff"))
    clouds(
        canvas,
        band=(130, 250),
        cell=(700, 60),
        cover=0.75,
        lit=tint("9db8e4"),
        shadow=tint("20345f"),
        toward=(0.0, -1.0),
        seed=49,
        strength=0.8,
    )
    clouds(
        canvas,
        band=(240, 540),
        cell=(1000, 90),
        cover=0.6,
        lit=tint("5d7dab"),
        shadow=tint("14294e"),
        toward=(-0.1, -1.0),
        seed=52,
        strength=0.8,
    )


def bell_rings(canvas: Canvas, at: Point, colour: Colour) -> None:
    """The sound of the bell as thin rings that fade outwards."""
    for step in range(1, 4):
        away = distance(canvas, at) - 20 * step - 8
        line = np.exp(-((away / 1.5) ** 2))
        aside = smoothstep(0.55, 0.95, np.abs(canvas.across - at[0]) / (20 * step + 8))
        shine(canvas, line * aside * (0.62 - 0.12 * step), colour)


def night_hill(canvas: Canvas) -> None:
    """Wren on her hill, small before all the dark water."""
    left = [(-50, 770), (160, 780), (330, 800), (480, 860)]
    right = [(600, 950), (720, 1040), (900, 1110), (1980, 1200)]
    line = ridge(canvas, [*left, *right], 10, 63, 100)
    draw_fox(canvas, sitting_fox(look=2), Place(300, ground(canvas, line, 300) + 3, 1.75), COAT)
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
    stops = [(0, "3f618b"), (0.2, "1e3b65"), (0.55, "0f2144"), (1, "060d22")]
    water(canvas, horizon, stops, 0.5, waves)
    swell(canvas, horizon, waves, tint("5f86bd"), tint("040a1c"), 0.55)
    spread = 60 + 300 * (canvas.down - horizon) / 500
    glitter(canvas, horizon, waves, 790, spread, tint("b4cffa"), 0.6)

    headland(canvas, Place(1500, 500, 1.5), ROCK, PAINTWORK, 58)
    reflection(canvas, 757, (1230, 1980), 120, waves, 0.6, tint("8090b0"))
    surf(canvas, 759, (1220, 1930), tint("9db9e6"), 0.4, 59)
    mist(canvas, 530, 26, tint("5f82b0"), 0.5, 60)
    mist(canvas, 740, 40, tint("4d6d9c"), 0.28, 61)

    boat = Place(930, 660, 0.95, -7)
    draw_boat(canvas, boat, tint("1a2443"), tint("5d6c90"), tint("101934"), tint("ffb45e"))
    reflection(canvas, 664, (860, 1000), 50, waves, 0.6, tint("8090b0"))
    spread = 14 + 30 * (canvas.down - 668) / 100
    glitter(canvas, 668, waves, 878, spread, tint("ffab52"), 0.8 * 0.9)
    bell_rings(canvas, boat.spot(68, -42), tint("ffd9a0"))
    crests(canvas, 640, 130, tint("8fb0e2"), 0.3, 71)
    night_hill(canvas)
