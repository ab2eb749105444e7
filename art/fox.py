"""Wren the fox in her poses, and her lantern.

She is designed once, as smooth outlines in her own small coordinates (feet at the origin, facing
right, y downwards), and is drawn at any place, in the light of the page on which she stands.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from art.brushes import (
    Array,
    Canvas,
    Colour,
    Point,
    Shape,
    Stencil,
    cut,
    draw,
    glow,
    limb,
    mix,
    moved,
    oval,
    rim,
    smooth,
    stamp,
)
from art.place import Place


@dataclass(frozen=True)
class Part:
    """One solid piece of the fox and the markings on it, each with its colour (see `Coat`)."""

    base: Shape
    colour: str
    marks: Sequence[tuple[str, Shape]] = field(default=())


@dataclass(frozen=True)
class Coat:
    """The colours of the fox in the light of one page, and the direction of that light."""

    fur: Colour
    pale: Colour
    dark: Colour
    rim: Colour
    toward: Point
    glint: float = 0.9

    def colour(self, name: str) -> Colour:
        """The colour of a part or marking: fur, pale, dark, eye, or far (limbs in shadow)."""
        far = mix(self.fur, self.dark, 0.55)
        eye = mix(self.dark, (0.0, 0.0, 0.0), 0.6)
        return {"fur": self.fur, "pale": self.pale, "dark": self.dark, "far": far, "eye": eye}[name]


def fox_ear(lean: float) -> Shape:
    """A tall pointed ear that stands on the origin."""
    return [
        smooth(
            [
                (-11, 6),
                (-11 + lean * 0.4, -9),
                (-3 + lean, -27),
                (0.5 + lean, -27),
                (9 + lean * 0.5, -10),
                (13, 5),
            ]
        )
    ]


def inner_ear(lean: float) -> Shape:
    """The pale hollow of the ear."""
    return [
        smooth(
            [(-3, 5), (-3 + lean * 0.5, -8), (0 + lean * 0.9, -19), (6 + lean * 0.5, -8), (9, 5)]
        )
    ]


def ear_tip(lean: float) -> Shape:
    """The dark tip of the ear."""
    return [
        smooth(
            [
                (-12 + lean, -15),
                (-9 + lean, -38),
                (10 + lean, -38),
                (10 + lean, -14),
                (0 + lean, -18),
            ]
        )
    ]


def fox_skull() -> Shape:
    """The head from the side: a slim muzzle, a round brow and a cheek that ends in tufts."""
    profile = [
        (39, 8),
        (36, 3),
        (26, 0),
        (17, -7),
        (9, -14),
        (-2, -17),
        (-13, -12),
        (-18, -2),
        (-22, 7),
        (-28, 14),
    ]
    tufts = [(-18, 14), (-19, 22), (-10, 19), (-7, 24), (2, 19), (12, 16), (25, 15), (36, 13)]
    return [smooth([*profile, *tufts])]


def fox_cheek() -> Shape:
    """The white of the muzzle, cheek and throat."""
    return [
        smooth(
            [
                (42, 7),
                (30, 6),
                (19, 5),
                (10, 6),
                (2, 4),
                (-6, 6),
                (-13, 10),
                (-30, 14),
                (-20, 30),
                (10, 26),
                (40, 20),
            ]
        )
    ]


def fox_eye(closed: bool) -> list[tuple[str, Shape]]:
    """An almond eye with a spark of light, or the curve of a sleeping one."""
    if closed:
        return [
            ("eye", limb([(3.5, -2.5), (6.5, 0.8), (11, 1.2), (14.5, -1.2)], [0.6, 1.2, 1.2, 0.6]))
        ]
    return [("eye", [oval(11, -1.5, 3.3, 4.0, 12)]), ("pale", [oval(12.2, -3.0, 1.1)])]


def fox_head(at: Point, angle: float, closed: bool = False, ears: float = -3.0) -> list[Part]:
    """Wren's head, the far ear first; `ears` leans them back (negative) or forward."""
    place = Place(at[0], at[1], 1.14, angle)

    def carried(shape: Shape, to: Point = (0.0, 0.0), turn: float = 0.0) -> Shape:
        return place.put([moved(outline, to, angle=turn) for outline in shape])

    far_tip = carried(ear_tip(ears), (9, -12), 14)
    far = Part(carried(fox_ear(ears), (9, -12), 14), "far", [("dark", far_tip)])
    hollow = carried(inner_ear(ears), (-6, -11), -10)
    near_tip = carried(ear_tip(ears), (-6, -11), -10)
    near_marks = [("far", hollow), ("dark", near_tip)]
    near = Part(carried(fox_ear(ears), (-6, -11), -10), "fur", near_marks)

    eye = [(name, carried(shape)) for name, shape in fox_eye(closed)]
    skull = Part(carried(fox_skull()), "fur", [("pale", carried(fox_cheek())), *eye])
    nose = Part(carried([oval(38, 6.5, 4.0, 3.4)]), "eye")
    return [far, near, skull, nose]


def fox_tail(points: Sequence[Point], size: float = 1.0) -> Part:
    """The brush: slim at the root, full in the middle, with a pale pointed tip."""
    shape = limb(points, [4.5 * size, 8 * size, 14 * size, 17.5 * size, 15 * size, 8 * size, 0.5])

    spine = smooth(points, closed=False, steps=14)
    start = int(len(spine) * 0.7)
    end = [(float(x), float(y)) for x, y in spine[start::3]]
    x, y = end[0]
    ahead_x, ahead_y = end[1]
    turn = float(np.rad2deg(np.arctan2(ahead_y - y, ahead_x - x)))
    jag = smooth(
        [(60, -40), (2, -30), (8, -12), (-6, -5), (7, 1), (-5, 8), (8, 14), (0, 30), (60, 40)]
    )
    return Part(shape, "fur", [("pale", [moved(jag, (x, y), size, turn)])])


def fox_leg(points: Sequence[Point], radii: Sequence[float], far: bool = False) -> Part:
    """A slim leg in a dark stocking that ends in a small paw."""
    x, y = points[-1]
    thick = radii[-1]
    paw = limb([(x - 2, y - 1), (x + 6, y)], [thick * 0.95, thick * 0.8])
    shape = [*limb(points, radii), *paw]

    spine = smooth(points, closed=False, steps=14)
    stocking = [(float(across), float(down)) for across, down in spine[int(len(spine) * 0.6) :: 4]]
    foot = oval(x + 3, y - 1, thick * 3.2, thick * 2)
    sock = [*limb([*stocking, (x, y)], [thick * 1.6] * 2), foot]
    return Part(shape, "far" if far else "fur", [("dark", sock)])


def sitting_fox(closed: bool = False, look: float = -8.0) -> list[Part]:
    """Wren sits upright with her tail laid around behind her and looks ahead."""
    tail = fox_tail([(-22, -8), (-44, -5), (-70, -9), (-90, -26), (-95, -50), (-84, -72)])
    far = fox_leg([(12, -48), (19, -26), (23, -4)], [8, 5, 4], far=True)
    body = limb([(-16, -21), (-14, -38), (-3, -58), (8, -76), (13, -90)], [22, 23, 19, 15, 11])
    bib = [
        smooth(
            [(14, -92), (26, -86), (30, -66), (26, -46), (19, -36), (17, -50), (11, -62), (12, -76)]
        )
    ]
    near = fox_leg([(8, -56), (11, -30), (13, -4)], [10, 6.2, 4.4])
    haunch = [oval(-15, -21, 23, 20, -14), *limb([(-8, -8), (2, -5), (12, -4)], [7, 5, 4.4])]
    paw = [("dark", [oval(14, -4, 10, 7)])]
    parts = [tail, far, Part(body, "fur", [("pale", bib)]), near, Part(haunch, "fur", paw)]
    return [*parts, *fox_head((15, -101), look, closed)]


def running_fox() -> list[Part]:
    """Wren at full stretch, all four feet off the ground and her tail streaming."""
    tail = fox_tail([(-46, -56), (-66, -66), (-92, -66), (-116, -56), (-138, -56), (-160, -68)])
    far_front = fox_leg([(30, -50), (50, -42), (64, -32), (84, -30)], [9, 6, 4.2, 3.8], far=True)
    far_hind = fox_leg(
        [(-36, -50), (-44, -30), (-66, -24), (-80, -10)], [13, 8, 4.5, 3.8], far=True
    )
    body = limb(
        [(-42, -54), (-22, -57), (0, -54), (22, -56), (40, -66), (52, -76)],
        [15, 16.5, 14.5, 17, 14, 11],
    )
    bib = [smooth([(66, -74), (56, -52), (34, -36), (6, -36), (14, -44), (32, -49), (46, -62)])]
    hind = fox_leg([(-38, -52), (-54, -34), (-78, -34), (-96, -22)], [15, 9, 4.6, 4.0])
    front = fox_leg([(32, -50), (46, -32), (66, -24), (78, -10)], [11, 6.4, 4.4, 4.0])
    parts = [tail, far_front, far_hind, Part(body, "fur", [("pale", bib)]), hind, front]
    return [*parts, *fox_head((60, -86), 2, ears=-9)]


def climbing_fox() -> list[Part]:
    """Wren takes the stairs: forefeet two steps up, head lifted towards the light."""
    tail = fox_tail([(-44, -44), (-62, -38), (-84, -40), (-104, -54), (-112, -74), (-102, -96)])
    far_front = fox_leg([(28, -66), (44, -56), (48, -36)], [9, 5.6, 4], far=True)
    far_hind = fox_leg([(-34, -44), (-24, -26), (-30, -14), (-20, -3)], [13, 7.5, 4.6, 4], far=True)
    body = limb(
        [(-40, -44), (-20, -50), (2, -58), (22, -70), (36, -86)], [15, 16, 15.5, 16.5, 11.5]
    )
    bib = [smooth([(36, -94), (50, -84), (46, -62), (30, -48), (10, -40), (18, -52), (28, -64)])]
    hind = fox_leg([(-38, -42), (-44, -24), (-54, -15), (-50, -3)], [16, 9, 4.8, 4.2])
    front = fox_leg([(24, -66), (26, -46), (33, -26)], [11, 6.4, 4.4])
    parts = [tail, far_front, far_hind, Part(body, "fur", [("pale", bib)]), hind, front]
    return [*parts, *fox_head((42, -97), -14)]


def curled_fox() -> list[Part]:
    """Wren asleep: a round bundle with her nose under her tail."""
    back = [
        smooth(
            [
                (-60, -6),
                (-56, -28),
                (-34, -48),
                (-2, -55),
                (34, -47),
                (58, -26),
                (60, -6),
                (40, 0),
                (-40, 0),
            ]
        )
    ]
    haunch = [oval(-30, -20, 26, 21, -12)]
    tail = fox_tail([(-40, -22), (-53, -12), (-34, 0), (0, 3), (30, 3), (56, 1), (80, -9)], 0.92)
    parts = [Part(back, "fur"), tail, Part(haunch, "fur")]
    return [*parts, *fox_head((22, -27), 13, closed=True, ears=-5)]


def within(base: Stencil, other: Stencil) -> Array:
    """What the other stencil covers of the base, in the window of the base."""
    covered = np.zeros_like(base.coverage)
    height, width = base.coverage.shape
    down = other.top - base.top
    across = other.left - base.left
    top = max(down, 0)
    left = max(across, 0)
    low = min(down + other.coverage.shape[0], height)
    right = min(across + other.coverage.shape[1], width)
    if low > top and right > left:
        rows = slice(top - down, low - down)
        columns = slice(left - across, right - across)
        covered[top:low, left:right] = other.coverage[rows, columns]
    return covered * base.coverage


def draw_part(canvas: Canvas, part: Part, place: Place, coat: Coat) -> None:
    """One piece of the fox: its fur and markings, a soft turn into shadow and a bright edge."""
    base = cut(canvas, place.put(part.base), margin=12 * place.size)
    size = place.size * canvas.scale
    stamp(canvas, base, coat.colour(part.colour))
    for name, shape in part.marks:
        mark = within(base, cut(canvas, place.put(shape)))
        stamp(canvas, Stencil(base.top, base.left, mark), coat.colour(name))
    away = (-coat.toward[0], -coat.toward[1])
    stamp(canvas, edge_of(base, away, 11 * size), coat.dark, 0.5)
    stamp(canvas, edge_of(base, coat.toward, 9 * size), coat.rim, 0.22 * coat.glint)


def edge_of(base: Stencil, toward: Point, width: float) -> Stencil:
    """The edge of a stencil that faces a light; `width` is in pixels."""
    return Stencil(base.top, base.left, rim(base, toward, width))


def draw_fox(canvas: Canvas, parts: Sequence[Part], place: Place, coat: Coat) -> None:
    """Wren in one of her poses, with a bright edge where the light meets her figure."""
    solid = [part for part in parts if part.colour != "eye"]
    for part in solid:
        draw_part(canvas, part, place, coat)
    figure = [outline for part in solid for outline in part.base]
    whole = cut(canvas, place.put(figure), margin=12 * place.size)
    size = place.size * canvas.scale
    stamp(canvas, edge_of(whole, coat.toward, 6 * size), coat.rim, 0.35 * coat.glint)
    stamp(canvas, edge_of(whole, coat.toward, max(2.2 * size, 1.4)), coat.rim, coat.glint)

    nose = [outline for part in parts if part.colour == "eye" for outline in part.base]
    draw(canvas, place.put(nose), coat.colour("eye"))


def draw_lantern(canvas: Canvas, place: Place, iron: Colour, flame: Colour, radius: float) -> Point:
    """A little storm lantern that hangs from the origin; returns the place of its flame."""
    heart = place.spot(0, 27)
    glow(canvas, heart, radius, flame, 0.62)
    handle = limb([(-9, 15), (-8, 4), (0, 0), (8, 4), (9, 15)], [1.1, 1.1])
    glass = smooth([(-9, 17), (-7, 36), (0, 38), (7, 36), (9, 17), (0, 15)])
    roof = smooth([(-11, 18), (-6, 11), (0, 8), (6, 11), (11, 18), (0, 17)])
    foot = smooth([(-10, 36), (10, 36), (11, 42), (-11, 42)])
    bars = [*limb([(-9, 17), (-8, 37)], [0.9, 0.9]), *limb([(9, 17), (8, 37)], [0.9, 0.9])]
    draw(canvas, place.put(handle), iron)
    draw(canvas, place.put([glass]), mix(flame, (1.0, 0.97, 0.85), 0.6))
    draw(canvas, place.put([roof]), iron)
    draw(canvas, place.put([foot]), iron)
    draw(canvas, place.put(bars), iron)
    glow(canvas, heart, 15 * place.size, (1.0, 0.93, 0.7), 0.95)
    return heart
