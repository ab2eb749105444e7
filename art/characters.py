"""Who and what comes back from page to page: Wren the fox, her lantern, the lighthouse, the boat, owl and gulls.

Each is designed once, as smooth outlines in its own small coordinates (feet at the origin, facing right, y downwards),
and is drawn at any size, turned or mirrored, in the light of the page it stands on.
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
    blade,
    cut,
    draw,
    glow,
    light_up,
    limb,
    mix,
    moved,
    numbers,
    oval,
    rim,
    smooth,
    smoothstep,
    stamp,
)


@dataclass(frozen=True)
class Place:
    """Where a character stands on the page, how big, how turned, and whether it faces left."""

    x: float
    y: float
    size: float = 1.0
    angle: float = 0.0
    flip: bool = False

    def put(self, shape: Shape) -> Shape:
        """The shape carried from its own coordinates onto the page."""
        return [
            moved(outline, (self.x, self.y), self.size, self.angle, self.flip) for outline in shape
        ]

    def spot(self, x: float, y: float) -> Point:
        """One point carried onto the page."""
        across, down = moved(numbers([[x, y]]), (self.x, self.y), self.size, self.angle, self.flip)[
            0
        ].tolist()
        return across, down


@dataclass(frozen=True)
class Part:
    """One solid piece of a character and the markings painted on it."""

    base: Shape
    colour: str
    marks: Sequence[tuple[str, Shape]] = field(default=())


@dataclass(frozen=True)
class Coat:
    """The colours of the fox under the light of one page, and where that light comes from."""

    fur: Colour
    pale: Colour
    dark: Colour
    rim: Colour
    toward: Point
    glint: float = 0.9

    def colour(self, name: str) -> Colour:
        """The colour of a part or marking; the limbs on the far side lie in shadow."""
        far = mix(self.fur, self.dark, 0.55)
        eye = mix(self.dark, (0.0, 0.0, 0.0), 0.6)
        return {"fur": self.fur, "pale": self.pale, "dark": self.dark, "far": far, "eye": eye}[name]


# Wren


def fox_ear(lean: float) -> Shape:
    """A tall pointed ear which stands on the origin."""
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
    """Wren's head, the far ear first; ears leans them back (negative) or forward."""
    place = Place(at[0], at[1], 1.14, angle)

    def carried(shape: Shape, to: Point = (0.0, 0.0), turn: float = 0.0) -> Shape:
        return place.put([moved(outline, to, angle=turn) for outline in shape])

    far = Part(
        carried(fox_ear(ears), (9, -12), 14),
        "far",
        [("dark", carried(ear_tip(ears), (9, -12), 14))],
    )
    marks = [
        ("far", carried(inner_ear(ears), (-6, -11), -10)),
        ("dark", carried(ear_tip(ears), (-6, -11), -10)),
    ]
    near = Part(carried(fox_ear(ears), (-6, -11), -10), "fur", marks)
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
    (x, y), (ahead_x, ahead_y) = end[0], end[1]
    turn = float(np.rad2deg(np.arctan2(ahead_y - y, ahead_x - x)))
    jag = moved(
        smooth(
            [(60, -40), (2, -30), (8, -12), (-6, -5), (7, 1), (-5, 8), (8, 14), (0, 30), (60, 40)]
        ),
        (x, y),
        size,
        turn,
    )
    return Part(shape, "fur", [("pale", [jag])])


def fox_leg(points: Sequence[Point], radii: Sequence[float], far: bool = False) -> Part:
    """A slim leg in a dark stocking, which ends in a small paw."""
    x, y = points[-1]
    shape = [
        *limb(points, radii),
        *limb([(x - 2, y - 1), (x + 6, y)], [radii[-1] * 0.95, radii[-1] * 0.8]),
    ]
    spine = smooth(points, closed=False, steps=14)
    stocking = [(float(across), float(down)) for across, down in spine[int(len(spine) * 0.6) :: 4]]
    sock = [
        *limb([*stocking, (x, y)], [radii[-1] * 1.6] * 2),
        oval(x + 3, y - 1, radii[-1] * 3.2, radii[-1] * 2),
    ]
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
    return [
        tail,
        far,
        Part(body, "fur", [("pale", bib)]),
        near,
        Part(haunch, "fur", paw),
        *fox_head((15, -101), look, closed),
    ]


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
    return [
        Part(back, "fur"),
        tail,
        Part(haunch, "fur"),
        *fox_head((22, -27), 13, closed=True, ears=-5),
    ]


def within(base: Stencil, other: Stencil) -> Array:
    """What the other stencil covers of the base, in the window of the base."""
    covered = np.zeros_like(base.coverage)
    height, width = base.coverage.shape
    down, across = other.top - base.top, other.left - base.left
    top, left = max(down, 0), max(across, 0)
    low, right = (
        min(down + other.coverage.shape[0], height),
        min(across + other.coverage.shape[1], width),
    )
    if low > top and right > left:
        covered[top:low, left:right] = other.coverage[
            top - down : low - down, left - across : right - across
        ]
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
    stamp(canvas, Stencil(base.top, base.left, rim(base, away, 11 * size)), coat.dark, 0.5)
    stamp(
        canvas,
        Stencil(base.top, base.left, rim(base, coat.toward, 9 * size)),
        coat.rim,
        0.22 * coat.glint,
    )


def draw_fox(canvas: Canvas, parts: Sequence[Part], place: Place, coat: Coat) -> None:
    """Wren in one of her poses, with a bright edge around her whole figure where the light meets it."""
    solid = [part for part in parts if part.colour != "eye"]
    for part in solid:
        draw_part(canvas, part, place, coat)
    whole = cut(
        canvas,
        place.put([outline for part in solid for outline in part.base]),
        margin=12 * place.size,
    )
    size = place.size * canvas.scale
    stamp(
        canvas,
        Stencil(whole.top, whole.left, rim(whole, coat.toward, 6 * size)),
        coat.rim,
        0.35 * coat.glint,
    )
    stamp(
        canvas,
        Stencil(whole.top, whole.left, rim(whole, coat.toward, max(2.2 * size, 1.4))),
        coat.rim,
        coat.glint,
    )
    draw(
        canvas,
        place.put([outline for part in parts if part.colour == "eye" for outline in part.base]),
        coat.colour("eye"),
    )


# Her lantern


def draw_lantern(canvas: Canvas, place: Place, iron: Colour, flame: Colour, radius: float) -> Point:
    """A little storm lantern that hangs from the origin; gives the place of its flame."""
    heart = place.spot(0, 27)
    glow(canvas, heart, radius, flame, 0.62)
    draw(canvas, place.put(limb([(-9, 15), (-8, 4), (0, 0), (8, 4), (9, 15)], [1.1, 1.1])), iron)
    draw(
        canvas,
        place.put([smooth([(-9, 17), (-7, 36), (0, 38), (7, 36), (9, 17), (0, 15)])]),
        mix(flame, (1.0, 0.97, 0.85), 0.6),
    )
    draw(
        canvas, place.put([smooth([(-11, 18), (-6, 11), (0, 8), (6, 11), (11, 18), (0, 17)])]), iron
    )
    draw(canvas, place.put([smooth([(-10, 36), (10, 36), (11, 42), (-11, 42)])]), iron)
    draw(
        canvas,
        place.put([*limb([(-9, 17), (-8, 37)], [0.9, 0.9]), *limb([(9, 17), (8, 37)], [0.9, 0.9])]),
        iron,
    )
    glow(canvas, heart, 15 * place.size, (1.0, 0.93, 0.7), 0.95)
    return heart


# The lighthouse


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


# Boat and birds


def draw_boat(
    canvas: Canvas, place: Place, hull: Colour, sail: Colour, trim: Colour, lamp: Colour | None
) -> None:
    """A stout little fishing boat with one patched sail, a bell at the bow and a lamp at the stern."""
    draw(canvas, place.put(limb([(2, -20), (3, -112)], [2.2, 1.4])), trim)
    draw(
        canvas,
        place.put(
            [
                smooth(
                    [(8, -106), (26, -76), (42, -44), (58, -30), (30, -27), (8, -29), (10, -66)],
                    steps=6,
                )
            ]
        ),
        sail,
    )
    draw(
        canvas,
        place.put(
            [
                smooth(
                    [(-2, -100), (-12, -66), (-34, -34), (-18, -31), (-3, -32), (-5, -62)], steps=6
                )
            ]
        ),
        mix(sail, trim, 0.25),
    )
    body = [
        (-66, -27),
        (-40, -20),
        (0, -18),
        (40, -21),
        (70, -32),
        (62, -10),
        (48, 4),
        (0, 8),
        (-46, 4),
        (-60, -10),
    ]
    draw(canvas, place.put([smooth(body, steps=6)]), hull)
    draw(
        canvas,
        place.put(limb([(-64, -24), (-38, -17), (0, -15), (40, -18), (67, -28)], [2, 2.4, 2])),
        mix(sail, hull, 0.35),
    )
    draw(
        canvas, place.put(limb([(58, -26), (58, -48), (64, -53), (70, -50)], [1.3, 1.3, 1.0])), trim
    )
    bell = [
        numbers([(67.5, -51), (72.5, -51), (75, -42), (78, -39), (62, -39), (65, -42)]),
        oval(70, -38, 2),
    ]
    draw(canvas, place.put(bell), mix(trim, lamp or sail, 0.45))
    draw(canvas, place.put(limb([(-56, -24), (-56, -46)], [1.3, 1.3])), trim)
    if lamp:
        glow(canvas, place.spot(-56, -50), 70 * place.size, lamp, 0.7)
        light_up(canvas, place.put([oval(-56, -50, 4, 5)]), mix(lamp, (1.0, 1.0, 1.0), 0.5))


def draw_gull(canvas: Canvas, place: Place, colour: Colour, lift: float = 1.0) -> None:
    """A gull on the wing; lift bends its wings up or, when small, flat."""
    left = limb(
        [(0, 0), (-12, -11 * lift), (-26, -9 * lift), (-42, 1)], [3.0, 2.6, 1.8, 0.3], steps=8
    )
    right = limb(
        [(2, 0), (13, -13 * lift), (26, -14 * lift), (43, -6)], [3.0, 2.6, 1.8, 0.3], steps=8
    )
    body = limb([(-8, 4), (0, 1), (10, 0), (15, 1)], [0.8, 3.6, 3.2, 0.8], steps=8)
    draw(canvas, place.put([*left, *right, *body]), colour)


def draw_owl(
    canvas: Canvas, place: Place, feather: Colour, pale: Colour, eye: Colour, edge: Colour
) -> None:
    """The owl who never sleeps: round, tufted and wide awake."""
    body = [
        smooth(
            [
                (-10, -72),
                (-20, -76),
                (-26, -84),
                (-27, -70),
                (-26, -56),
                (-31, -34),
                (-24, -8),
                (0, 3),
                (24, -8),
                (31, -34),
                (26, -56),
                (27, -70),
                (26, -84),
                (20, -76),
                (10, -72),
            ]
        )
    ]
    stencil = cut(canvas, place.put(body), margin=8)
    stamp(canvas, stencil, feather)
    belly = [smooth([(-16, -40), (-17, -16), (0, -3), (17, -16), (16, -40), (0, -46)])]
    draw(canvas, place.put(belly), mix(feather, pale, 0.4))
    flecks = [
        blade((x, y), (x, y + 8), 0, 5)
        for y in (-36, -26, -16)
        for x in (-10 - y % 4, 0, 10 + y % 4)
    ]
    draw(canvas, place.put(flecks), feather)
    draw(
        canvas, place.put([oval(-11, -57, 13, 13), oval(11, -57, 13, 13)]), mix(feather, pale, 0.75)
    )
    draw(
        canvas,
        place.put(
            [
                smooth([(-29, -44), (-33, -22), (-22, -4), (-18, -26)]),
                smooth([(29, -44), (33, -22), (22, -4), (18, -26)]),
            ]
        ),
        mix(feather, (0.0, 0.0, 0.0), 0.35),
    )
    stamp(
        canvas,
        Stencil(stencil.top, stencil.left, rim(stencil, (0.5, 0.7), 4 * place.size * canvas.scale)),
        edge,
        0.8,
    )
    for x in (-11, 11):
        glow(canvas, place.spot(x, -57), 26 * place.size, eye, 0.4)
        draw(canvas, place.put([oval(x, -57, 9)]), eye)
        draw(canvas, place.put([oval(x + 1, -56, 5)]), (0.03, 0.03, 0.05))
        draw(canvas, place.put([oval(x - 1, -59, 1.8)]), (1.0, 1.0, 0.95))
    draw(
        canvas,
        place.put([smooth([(-4, -52), (4, -52), (0, -42)], steps=5)]),
        mix(eye, feather, 0.3),
    )
