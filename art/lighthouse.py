"""The lighthouse and the keeper's house, in the light of any page. The foot of the tower is the origin."""

from dataclasses import dataclass

import numpy as np

from art.brushes import (
    Array,
    Canvas,
    Colour,
    Point,
    Shape,
    cut,
    draw,
    limb,
    mix,
    numbers,
    oval,
    smooth,
    smoothstep,
    stamp,
)
from art.place import Place


@dataclass(frozen=True)
class Paintwork:
    """The colours of the lighthouse under the light of one page, which falls from the left (side -1) or right (1)."""

    wall: Colour
    stripe: Colour
    iron: Colour
    shade: Colour
    glass: Colour
    side: float = -1.0
    window: Colour | None = None


LAMP_HEIGHT = -223.0


def tower_half(height: float) -> float:
    """The half width of the tower at a height (0 at its foot, 1 under the gallery)."""
    return 17 + 11 * (1 - height) + 7 * (1 - height) ** 4


def draw_tower(canvas: Canvas, place: Place, paintwork: Paintwork) -> None:
    """The striped, tapered, round-shaded wall."""
    levels = np.linspace(0, 1, 24)
    right = [(tower_half(level), -200 * level) for level in levels.tolist()]
    outline = numbers(right + [(-x, y) for x, y in right[::-1]])
    stencil = cut(canvas, place.put([outline]))
    rows, columns = stencil.window
    height = np.clip((place.y - canvas.down[rows]) / (200 * place.size), 0, 1)
    across = np.clip(
        (canvas.across[:, columns] - place.x) / (place.size * tower_half_of(height)), -1, 1
    )
    band = (height + 0.018 * np.sqrt(1 - across**2)) * 3.5 + 0.5
    edge = 0.02 + 0.006 / max(place.size, 0.1)
    wave = np.abs(band % 2 - 1)
    stripe = smoothstep(0.5 - edge, 0.5 + edge, wave)[..., None]
    colour = numbers(paintwork.wall) * (1 - stripe) + numbers(paintwork.stripe) * stripe
    dim = (0.9 * smoothstep(-0.35, 1.0, -across * paintwork.side))[..., None]
    stamp(canvas, stencil, numbers(colour * (1 - dim) + colour * numbers(paintwork.shade) * dim))


def tower_half_of(height: Array) -> Array:
    """`tower_half` for a sheet of heights."""
    return numbers(17 + 11 * (1 - height) + 7 * (1 - height) ** 4)


def draw_gallery(canvas: Canvas, place: Place, paintwork: Paintwork) -> None:
    """The walkway around the lamp, its brackets and its railing."""
    draw(
        canvas,
        place.put(
            [
                smooth(
                    [(-17, -192), (17, -192), (28, -202), (28, -206), (-28, -206), (-28, -202)],
                    steps=3,
                )
            ]
        ),
        paintwork.iron,
    )
    posts: Shape = []
    for x in np.linspace(-27, 27, 9).tolist():
        posts += limb([(x, -205), (x, -221)], [0.7, 0.7], steps=4)
    rails = [
        *limb([(-28, -221), (28, -221)], [0.9, 0.9]),
        *limb([(-28, -213), (28, -213)], [0.5, 0.5]),
    ]
    draw(canvas, place.put([*posts, *rails]), paintwork.iron)


def draw_lamp_room(canvas: Canvas, place: Place, paintwork: Paintwork) -> None:
    """The glass room with its bars, and the cap with ball and rod."""
    draw(
        canvas,
        place.put([numbers([(-15, -205), (15, -205), (15, -243), (-15, -243)])]),
        paintwork.glass,
    )
    bars: Shape = []
    for x in (-15, -8, 0, 8, 15):
        bars += limb([(x, -205), (x, -243)], [0.8, 0.8], steps=4)
    draw(canvas, place.put([*bars, *limb([(-15, -224), (15, -224)], [0.6, 0.6])]), paintwork.iron)
    cap = smooth(
        [
            (-21, -241),
            (-17, -247),
            (-11, -257),
            (-3, -263),
            (3, -263),
            (11, -257),
            (17, -247),
            (21, -241),
        ],
        steps=5,
    )
    draw(
        canvas,
        place.put([cap, oval(0, -267, 3.6), *limb([(0, -266), (0, -284)], [0.9, 0.5])]),
        paintwork.stripe,
    )
    lit = [
        smooth(
            [(-21, -241), (-17, -247), (-11, -257), (-3, -263), (-2, -256), (-6, -247), (-8, -241)],
            steps=5,
        )
    ]
    turned = Place(place.x, place.y, place.size, flip=paintwork.side > 0)
    draw(canvas, turned.put(lit), mix(paintwork.stripe, paintwork.wall, 0.3), 0.7)
    dim = [smooth([(21, -241), (17, -247), (11, -257), (3, -263), (4, -252), (6, -241)], steps=5)]
    draw(canvas, turned.put(dim), mix(paintwork.stripe, paintwork.shade, 0.75), 0.7)


def draw_lighthouse(canvas: Canvas, place: Place, paintwork: Paintwork) -> Point:
    """The whole lighthouse; gives the place of its lamp."""
    draw_tower(canvas, place, paintwork)
    pane = paintwork.window or paintwork.iron
    for height, x in ((-58, 4), (-108, -3), (-156, 2)):
        draw(
            canvas,
            place.put(
                [
                    smooth(
                        [
                            (x - 3.6, height + 6),
                            (x - 3.6, height - 3),
                            (x, height - 8),
                            (x + 3.6, height - 3),
                            (x + 3.6, height + 6),
                        ],
                        steps=4,
                    )
                ]
            ),
            pane,
        )
    draw(
        canvas,
        place.put([smooth([(-8, 1), (-8, -16), (0, -24), (8, -16), (8, 1)], steps=4)]),
        paintwork.iron,
    )
    draw_gallery(canvas, place, paintwork)
    draw_lamp_room(canvas, place, paintwork)
    return place.spot(0, LAMP_HEIGHT)


def draw_cottage(canvas: Canvas, place: Place, paintwork: Paintwork) -> None:
    """The keeper's house at the foot of the tower."""
    draw(
        canvas,
        place.put([numbers([(-34, 2), (-34, -26), (34, -26), (34, 2)])]),
        mix(paintwork.wall, paintwork.shade, 0.45),
    )
    draw(
        canvas,
        place.put([numbers([(-39, -24), (-28, -47), (28, -47), (39, -24)])]),
        mix(paintwork.stripe, paintwork.iron, 0.55),
    )
    draw(canvas, place.put([numbers([(14, -44), (14, -58), (22, -58), (22, -44)])]), paintwork.iron)
    panes = [numbers([(x, -8), (x, -19), (x + 9, -19), (x + 9, -8)]) for x in (-22, 10)]
    draw(canvas, place.put(panes), paintwork.window or paintwork.iron)
