"""Page 4: three hundred winding steps, until her lantern shone into the great glass heart."""

import math

import numpy as np

from art.brushes import (
    HEIGHT,
    Array,
    Canvas,
    Colour,
    Outline,
    Point,
    Shape,
    cut,
    draw,
    glow,
    kindle,
    light_up,
    limb,
    mix,
    noise,
    numbers,
    oval,
    ramp,
    smooth,
    smoothstep,
    stamp,
    tint,
    veil,
)
from art.fox import Coat, climbing_fox, draw_fox, draw_lantern
from art.landscape import moon, rays, star
from art.place import Place

COAT = Coat(
    fur=tint("d0602b"),
    pale=tint("fbe2c0"),
    dark=tint("341a30"),
    rim=tint("ffd98c"),
    toward=(0.85, -0.5),
    glint=0.85,
)

AXIS = 1040.0
"""The middle of the tower, from the left."""
FLOOR = 590.0
"""The height of the top of the stairs."""
TILT = 0.3
"""How much the round floors are opened by looking down on them."""
TURN_PER_STEP = 15.0
"""Degrees."""
RISE = 21.0
"""From one step of the stairs to the next."""


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
    uneven = 3 * (noise(canvas, (30, 30), 8, 3) - 0.5)
    mortar = smoothstep(5.0, 1.5, np.minimum(seam, joint) + uneven)

    stops = [(0, "20225a"), (0.45, "2b2d6c"), (0.75, "1c1c4e"), (1, "080824")]
    wall = ramp(canvas.down / HEIGHT, stops)
    side = np.cos(turn) ** 1.5
    bright = (0.78 + 0.24 * tone - 0.24 * mortar) * (0.22 + 0.8 * side)
    canvas.pixels[:] = wall * bright[..., None]


def night_window(canvas: Canvas, x: float, top: float, seed: int, moonlit: bool = False) -> None:
    """A deep arched window with the starry night in it."""
    draw(canvas, [arched(x, top - 18, 114, 376)], tint("3c3c80"))
    draw(canvas, [arched(x - 5, top - 6, 98, 356)], tint("15153f"))
    pane = cut(canvas, [arched(x, top, 92, 340)])
    rows, _ = pane.window
    night = ramp((canvas.down[rows] - top) / 340, [(0, "0e1a4a"), (0.6, "28438a"), (1, "5f7fc0")])
    stamp(canvas, pane, np.broadcast_to(night, (*pane.coverage.shape, 3)).astype(np.float32))

    random = np.random.default_rng(seed)
    for _ in range(26):
        at = (x - 80 + 160 * float(random.random()), top + 25 + 250 * float(random.random()))
        size = 1.2 + 1.6 * float(random.random()) ** 3
        star(canvas, at, size, tint("e6eeff"), 0.9 * float(random.random()))
    if moonlit:
        moon(canvas, (x + 26, top + 96), 25, tint("e6eeff"))

    upright = limb([(x, top - 10), (x, top + 340)], [4, 4])
    level = limb([(x - 92, top + 150), (x + 92, top + 150)], [4, 4])
    draw(canvas, [*upright, *level], tint("15153f"))
    upper = [(x - 128, top + 338), (x + 128, top + 338)]
    lower = [(x + 140, top + 372), (x - 140, top + 372)]
    draw(canvas, [numbers([*upper, *lower])], tint("4a4a92"))


def arched(x: float, top: float, half: float, height: float) -> Outline:
    """An upright opening with a round head."""
    turns = np.linspace(np.pi, 2 * np.pi, 24).tolist()
    head = [(x + half * math.cos(turn), top + half + half * math.sin(turn)) for turn in turns]
    return numbers([*head, (x + half, top + height), (x - half, top + height)])


def on_stairs(step: float, radius: float) -> Point:
    """The place on the winding stairs, counted in steps down from the top."""
    turn = math.radians(62 + TURN_PER_STEP * step)
    return AXIS + radius * math.cos(turn), FLOOR + RISE * step + TILT * radius * math.sin(turn)


def on_back(step: int) -> bool:
    """Whether a step lies behind the pillar."""
    return math.sin(math.radians(62 + TURN_PER_STEP * (step + 0.5))) < 0


def step_ends(step: int, radius: float) -> tuple[Point, Point]:
    """Where the tread of a step begins and ends at a distance from the axis, both at one height."""
    far = on_stairs(step + 1, radius)
    return on_stairs(step, radius), (far[0], far[1] - RISE)


def stair(canvas: Canvas, step: int) -> None:
    """One step: the side towards us first, then the tread and its worn bright edge."""
    inner = 215.0
    outer = 500.0
    thick = 38.0
    near, far = step_ends(step, outer)
    root, heel = step_ends(step, inner)
    dim = min(step / 26, 1.0)
    side = mix(tint("2b2658"), tint("0c0b28"), dim)
    top = mix(tint("9a7462"), tint("1b1a48"), dim**0.6)

    front = math.sin(math.radians(62 + TURN_PER_STEP * (step + 0.5))) > 0
    edge = [near, far] if front else [root, heel]
    lower = [(x, y + thick) for x, y in edge[::-1]]
    draw(canvas, [numbers([*edge, *lower])], side)
    riser = [far, heel, (heel[0], heel[1] + RISE + 6), (far[0], far[1] + RISE + 6)]
    draw(canvas, [numbers(riser)], mix(side, top, 0.4))

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
    upper = [(AXIS - 150, FLOOR), (AXIS + 150, FLOOR)]
    lower = [(AXIS + 165, 1100), (AXIS - 165, 1100)]
    shaft = cut(canvas, [numbers([*upper, *lower])])
    rows, columns = shaft.window
    across = np.clip((canvas.across[:, columns] - AXIS) / 160, -1, 1)
    gleam = np.exp(-(((across + 0.45) / 0.5) ** 2))
    light = 0.25 + 0.75 * gleam * smoothstep(1080, 600, canvas.down[rows])
    stamp(canvas, shaft, numbers(light[..., None] * numbers(tint("5a4f8c"))))
    draw(canvas, [oval(AXIS, FLOOR + 26, 240, 72)], tint("1a1745"))
    draw(canvas, [oval(AXIS, FLOOR, 246, 74)], tint("4b3f70"))
    draw(canvas, [oval(AXIS, FLOOR - 5, 226, 66)], tint("5d4f80"))


def lens_half(share: Array) -> Array:
    """The half width of the lens; `share` runs from -1 at its top to 1 at its foot."""
    return numbers(178 * np.sqrt(np.clip(1 - 0.62 * share**2, 0, 1)))


def lens_light(share: Array, across: Array) -> Array:
    """How bright the prisms are: each at one of its edges, and a bull's eye in the middle."""
    bowed = share + 0.05 * np.sqrt(1 - across**2)
    tier = np.abs(bowed) * 9
    slope = tier - np.floor(tier)
    prism = slope**1.5 * smoothstep(1.0, 0.86, slope)
    right = np.exp(-(((across - 0.62) / 0.16) ** 2))
    facing = np.exp(-(((across + 0.5) / 0.32) ** 2)) + 0.5 * right
    rings = np.hypot(across * 1.05, bowed * 1.5) * 9
    eye = np.exp(-((rings / 3.2) ** 2)) * (0.7 + 0.3 * np.cos(rings * 6.28))
    outside = smoothstep(2.6, 3.4, rings)
    prisms = prism * (0.16 + 0.45 * facing) * outside
    return numbers(np.clip(0.05 + 0.36 * (1 - across**2) + prisms + 0.95 * eye, 0, 1))


def great_lens(canvas: Canvas) -> None:
    """The great glass heart: a beehive of prisms in a brass frame."""
    middle = 330.0
    half = 232.0
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

    brass = tint("6b4420")
    gleam = tint("ffcf7a")
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
    top = middle - half
    left = [(AXIS - 122, top + 6), (AXIS - 96, top - 26), (AXIS - 30, top - 52)]
    right = [(AXIS + 30, top - 52), (AXIS + 96, top - 26), (AXIS + 122, top + 6)]
    draw(canvas, [smooth([*left, *right])], brass)
    draw(canvas, limb([(AXIS, top - 50), (AXIS, -20)], [16, 12]), brass)
    draw(canvas, limb([(AXIS - 104, top - 12), (AXIS - 40, top - 42)], [2, 3, 1]), gleam, 0.8)

    foot = middle + half
    draw(canvas, [oval(AXIS, foot + 12, 142, 30)], brass)
    draw(canvas, [oval(AXIS, foot + 3, 134, 24)], mix(brass, gleam, 0.25))
    edge = [(AXIS - 130, foot + 12), (AXIS - 60, foot + 32), (AXIS + 20, foot + 36)]
    draw(canvas, limb(edge, [1, 3, 1]), gleam, 0.7)


def dust(canvas: Canvas, centre: Point, count: int, reach: float, seed: int) -> None:
    """Motes that hang golden in the lamplight."""
    random = np.random.default_rng(seed)
    for x, y in random.normal(0, reach, (count, 2)).tolist():
        at = (centre[0] + x, centre[1] + y * 0.7)
        size = 1.2 + 2.0 * float(random.random())
        star(canvas, at, size, tint("ffd88a"), 0.7 * float(random.random()))


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
    draw_fox(canvas, climbing_fox(), fox, COAT)
    draw_lantern(canvas, lantern, tint("4a2a18"), tint("ffa63f"), 130)

    glow(canvas, (AXIS, 330), 300, tint("ff9a3c"), 0.3)
    glow(canvas, (AXIS, 330), 90, tint("ffe0a0"), 0.7)
    rays(canvas, (AXIS, 330), tint("ffb65a"), 0.25, 12, 420)
    dust(canvas, (AXIS - 130, 450), 130, 260, 13)
