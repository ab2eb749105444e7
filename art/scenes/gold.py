"""Page 5: the lamp drank in the little flame, and a road of gold rolled out across the waves."""

import numpy as np

from art.birds import draw_gull
from art.boat import draw_boat
from art.brushes import (
    HEIGHT,
    Array,
    Canvas,
    Point,
    beam,
    draw,
    glow,
    kindle,
    light_up,
    numbers,
    smooth,
    tint,
    veil,
)
from art.fox import Coat, draw_fox, sitting_fox
from art.headland import Rock, headland
from art.landscape import (
    clouds,
    crests,
    glitter,
    hill,
    mist,
    rays,
    reflection,
    ridge,
    ripples,
    sky,
    stars,
    swell,
    water,
)
from art.lighthouse import LAMP_HEIGHT, Paintwork, railing
from art.place import Place

PAINTWORK = Paintwork(
    wall=tint("e2b48c"),
    stripe=tint("98323a"),
    iron=tint("241535"),
    shade=tint("4a3468"),
    glass=tint("fff3c0"),
    side=1,
    window=tint("ffcf70"),
)
ROCK = Rock(
    turf=tint("191536"),
    top=tint("352850"),
    foot=tint("0b0c28"),
    light=tint("ffab4d"),
    toward=(0.75, -0.65),
)
COAT = Coat(
    fur=tint("8c3a20"),
    pale=tint("d9a478"),
    dark=tint("24101f"),
    rim=tint("ffeeb4"),
    toward=(-0.85, -0.3),
    glint=1.0,
)


def blazing_sky(canvas: Canvas, horizon: float, lamp: Point) -> None:
    """A dark sky that the light has just torn open."""
    sky(canvas, horizon, [(0, "060a26"), (0.4, "111a4a"), (0.75, "2a2a66"), (1, "5c3f6c")])
    stars(canvas, 300, 520, tint("dfe4ff"), 121)
    clouds(
        canvas,
        band=(-40, 430),
        cell=(760, 190),
        cover=0.66,
        lit=tint("d98a4a"),
        shadow=tint("1c1f50"),
        toward=(-0.9, 0.25),
        seed=124,
        strength=0.9,
    )
    clouds(
        canvas,
        band=(300, 620),
        cell=(1000, 80),
        cover=0.6,
        lit=tint("d9854a"),
        shadow=tint("332d62"),
        toward=(-0.9, -0.1),
        seed=127,
        strength=0.8,
    )
    veil(canvas, lamp, 620, tint("a84a24"), 0.45, stretch=1.2)
    veil(canvas, lamp, 380, tint("f0952e"), 0.75)
    veil(canvas, lamp, 230, tint("ffcf66"), 0.8)
    rays(canvas, lamp, tint("ffab3d"), 0.6, 8, 760)
    kindle(canvas, lamp, 900, tint("ff9a3c"), 0.2, stretch=1.5)


def golden_road(canvas: Canvas, horizon: float, waves: Array) -> None:
    """The road of light on the waves, from the skyline down to our feet."""
    near = np.clip((canvas.down - horizon) / (HEIGHT - horizon), 0, 1)
    centre = numbers(1330 - 130 * near)
    spread = numbers(110 + 430 * near)
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


def boat_in_gold(canvas: Canvas, waves: Array) -> None:
    """The boat that found its way, dark against the road, with the light in its sail."""
    place = Place(1310, 752, 1.35, 4, flip=True)
    draw_boat(canvas, place, tint("3f1c2c"), tint("c8613a"), tint("3a1a28"), tint("ffd27a"))
    lit = smooth([(9, -104), (25, -76), (20, -40), (9, -31)], steps=6)
    light_up(canvas, place.put([lit]), tint("ffb45a"), 0.35, soften=5)
    reflection(canvas, 760, (1225, 1395), 110, waves, 0.75, tint("b07048"))


def flock(canvas: Canvas) -> None:
    """Gulls in the light."""
    for x, y, size, turn in (
        (1010, 250, 1.0, -8),
        (1130, 180, 0.75, 6),
        (1490, 300, 0.9, -4),
        (1640, 215, 0.6, 8),
        (880, 150, 0.6, 4),
    ):
        draw_gull(canvas, Place(x, y, size, turn), tint("ffe4a8"))


def gold(canvas: Canvas) -> None:
    """Page 5: a burst of gold over dark water, and a small fox on the gallery."""
    horizon = 640
    place = Place(470, 850, 2.6, flip=True)
    lamp = place.spot(0, LAMP_HEIGHT)
    blazing_sky(canvas, horizon, lamp)
    far = [(-50, 560), (700, 600), (1000, 648), (1500, 652), (1700, 622), (1980, 590)]
    hill(canvas, ridge(canvas, far, 14, 128, 120), tint("43305f"), tint("8a5064"), 70, 129)

    waves = ripples(canvas, horizon, 131, 0.62)
    stops = [(0, "7a4c5c"), (0.2, "2c2760"), (0.6, "101644"), (1, "060a26")]
    water(canvas, horizon, stops, 0.42, waves)
    swell(canvas, horizon, waves, tint("8a5a78"), tint("050820"), 0.55)
    golden_road(canvas, horizon, waves)
    mist(canvas, horizon, 14, tint("ffb870"), 0.4, 132)
    boat_in_gold(canvas, waves)
    crests(canvas, 760, 110, tint("ffcf86"), 0.35, 133)

    headland(canvas, place, ROCK, PAINTWORK, 134)
    lamp_burst(canvas, lamp)
    seat = place.spot(-20, -205.2)
    draw_fox(canvas, sitting_fox(look=4), Place(*seat, 0.9), COAT)
    draw(canvas, place.put(railing()), tint("2a1a30"))  # in front of Wren
    glow(canvas, lamp, 44, tint("fffbe6"), 0.9)
    flock(canvas)
