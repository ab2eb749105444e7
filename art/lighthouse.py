"""The lighthouse and the keeper's house, in the light of any page.

The foot of the tower is the origin.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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
    """The colours of the lighthouse in the light of one page.

    The light falls from the left (`side` -1) or the right (1). Windows without a colour are dark.
    """

    wall: Colour
    stripe: Colour
    iron: Colour
    shade: Colour
    glass: Colour
    side: float = -1.0
    window: Colour | None = None


LAMP_HEIGHT = -223.0
"""Of the lamp above the foot of the tower; up is negative."""


def tower_half(height: Array | npt.NDArray[np.float64]) -> Array:
    """The half width of the tower at each height (0 at its foot, 1 under the gallery)."""
    return numbers(17 + 11 * (1 - height) + 7 * (1 - height) ** 4)


def draw_tower(canvas: Canvas, place: Place, paintwork: Paintwork) -> None:
    """The striped, tapered, round-shaded wall."""
    levels = np.linspace(0, 1, 24)
    right = np.stack([tower_half(levels), -200 * levels], axis=-1)
    left = right[::-1] * (-1, 1)
    stencil = cut(canvas, place.put([numbers(np.concatenate([right, left]))]))

    rows, columns = stencil.window
    height = np.clip((place.y - canvas.down[rows]) / (200 * place.size), 0, 1)
    half = place.size * tower_half(height)
    across = np.clip((canvas.across[:, columns] - place.x) / half, -1, 1)
    band = (height + 0.018 * np.sqrt(1 - across**2)) * 3.5 + 0.5
    edge = 0.02 + 0.006 / max(place.size, 0.1)
    wave = np.abs(band % 2 - 1)
    stripe = smoothstep(0.5 - edge, 0.5 + edge, wave)[..., None]
    colour = numbers(paintwork.wall) * (1 - stripe) + numbers(paintwork.stripe) * stripe

    dim = (0.9 * smoothstep(-0.35, 1.0, -across * paintwork.side))[..., None]
    stamp(canvas, stencil, numbers(colour * (1 - dim) + colour * numbers(paintwork.shade) * dim))


def draw_gallery(canvas: Canvas, place: Place, paintwork: Paintwork) -> None:
    """The walkway around the lamp, its brackets and its railing."""
    floor = [(-17, -192), (17, -192), (28, -202), (28, -206), (-28, -206), (-28, -202)]
    draw(canvas, place.put([smooth(floor, steps=3)]), paintwork.iron)
    lower_rail = limb([(-28, -213), (28, -213)], [0.5, 0.5])
    draw(canvas, place.put([*railing(), *lower_rail]), paintwork.iron)


def railing() -> Shape:
    """The posts and the upper rail of the gallery."""
    bars: Shape = []
    for x in np.linspace(-27, 27, 9).tolist():
        bars += limb([(x, -205), (x, -221)], [0.7, 0.7], steps=4)
    return [*bars, *limb([(-28, -221), (28, -221)], [0.9, 0.9])]


def draw_lamp_room(canvas: Canvas, place: Place, paintwork: Paintwork) -> None:
    """The glass room with its bars, and the cap with ball and rod."""
    glass = numbers([(-15, -205), (15, -205), (15, -243), (-15, -243)])
    draw(canvas, place.put([glass]), paintwork.glass)
    bars: Shape = limb([(-15, -224), (15, -224)], [0.6, 0.6])
    for x in (-15, -8, 0, 8, 15):
        bars += limb([(x, -205), (x, -243)], [0.8, 0.8], steps=4)
    draw(canvas, place.put(bars), paintwork.iron)

    left = [(-21, -241), (-17, -247), (-11, -257), (-3, -263)]
    right = [(3, -263), (11, -257), (17, -247), (21, -241)]
    rod = limb([(0, -266), (0, -284)], [0.9, 0.5])
    cap = [smooth([*left, *right], steps=5), oval(0, -267, 3.6), *rod]
    draw(canvas, place.put(cap), paintwork.stripe)

    turned = Place(place.x, place.y, place.size, flip=paintwork.side > 0)
    lit = smooth([*left, (-2, -256), (-6, -247), (-8, -241)], steps=5)
    draw(canvas, turned.put([lit]), mix(paintwork.stripe, paintwork.wall, 0.3), 0.7)
    dim = smooth([*right[::-1], (4, -252), (6, -241)], steps=5)
    draw(canvas, turned.put([dim]), mix(paintwork.stripe, paintwork.shade, 0.75), 0.7)


def draw_lighthouse(canvas: Canvas, place: Place, paintwork: Paintwork) -> Point:
    """The whole lighthouse; returns the place of its lamp."""
    draw_tower(canvas, place, paintwork)
    pane = paintwork.window or paintwork.iron
    for height, x in ((-58, 4), (-108, -3), (-156, 2)):
        left = [(x - 3.6, height + 6), (x - 3.6, height - 3)]
        right = [(x + 3.6, height - 3), (x + 3.6, height + 6)]
        window = smooth([*left, (x, height - 8), *right], steps=4)
        draw(canvas, place.put([window]), pane)
    door = smooth([(-8, 1), (-8, -16), (0, -24), (8, -16), (8, 1)], steps=4)
    draw(canvas, place.put([door]), paintwork.iron)
    draw_gallery(canvas, place, paintwork)
    draw_lamp_room(canvas, place, paintwork)
    return place.spot(0, LAMP_HEIGHT)


def draw_cottage(canvas: Canvas, place: Place, paintwork: Paintwork) -> None:
    """The keeper's house at the foot of the tower."""
    wall = numbers([(-34, 2), (-34, -26), (34, -26), (34, 2)])
    roof = numbers([(-39, -24), (-28, -47), (28, -47), (39, -24)])
    chimney = numbers([(14, -44), (14, -58), (22, -58), (22, -44)])
    draw(canvas, place.put([wall]), mix(paintwork.wall, paintwork.shade, 0.45))
    draw(canvas, place.put([roof]), mix(paintwork.stripe, paintwork.iron, 0.55))
    draw(canvas, place.put([chimney]), paintwork.iron)
    panes = [numbers([(x, -8), (x, -19), (x + 9, -19), (x + 9, -8)]) for x in (-22, 10)]
    draw(canvas, place.put(panes), paintwork.window or paintwork.iron)
