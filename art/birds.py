"""The gulls, and the owl who never sleeps."""

from art.brushes import (
    Canvas,
    Colour,
    Stencil,
    blade,
    cut,
    draw,
    glow,
    limb,
    mix,
    oval,
    rim,
    smooth,
    stamp,
)
from art.place import Place


def draw_gull(canvas: Canvas, place: Place, colour: Colour, lift: float = 1.0) -> None:
    """A gull on the wing; a small `lift` makes its wings flat."""
    thick = [3.0, 2.6, 1.8, 0.3]
    left = limb([(0, 0), (-12, -11 * lift), (-26, -9 * lift), (-42, 1)], thick, steps=8)
    right = limb([(2, 0), (13, -13 * lift), (26, -14 * lift), (43, -6)], thick, steps=8)
    body = limb([(-8, 4), (0, 1), (10, 0), (15, 1)], [0.8, 3.6, 3.2, 0.8], steps=8)
    draw(canvas, place.put([*left, *right, *body]), colour)


def draw_owl(
    canvas: Canvas, place: Place, feather: Colour, pale: Colour, eye: Colour, edge: Colour
) -> None:
    """The owl who never sleeps: round, tufted and wide awake."""
    half = [(-10, -72), (-20, -76), (-26, -84), (-27, -70), (-26, -56), (-31, -34), (-24, -8)]
    mirrored = [(-x, y) for x, y in half[::-1]]
    body = cut(canvas, place.put([smooth([*half, (0, 3), *mirrored])]), margin=8)
    stamp(canvas, body, feather)

    belly = [smooth([(-16, -40), (-17, -16), (0, -3), (17, -16), (16, -40), (0, -46)])]
    draw(canvas, place.put(belly), mix(feather, pale, 0.4))
    flecks = [
        blade((x, y), (x, y + 8), 0, 5)
        for y in (-36, -26, -16)
        for x in (-10 - y % 4, 0, 10 + y % 4)
    ]
    draw(canvas, place.put(flecks), feather)

    face = [oval(-11, -57, 13, 13), oval(11, -57, 13, 13)]
    draw(canvas, place.put(face), mix(feather, pale, 0.75))
    left_wing = smooth([(-29, -44), (-33, -22), (-22, -4), (-18, -26)])
    right_wing = smooth([(29, -44), (33, -22), (22, -4), (18, -26)])
    draw(canvas, place.put([left_wing, right_wing]), mix(feather, (0.0, 0.0, 0.0), 0.35))
    lit = rim(body, (0.5, 0.7), 4 * place.size * canvas.scale)
    stamp(canvas, Stencil(body.top, body.left, lit), edge, 0.8)

    for x in (-11, 11):
        glow(canvas, place.spot(x, -57), 26 * place.size, eye, 0.4)
        draw(canvas, place.put([oval(x, -57, 9)]), eye)
        draw(canvas, place.put([oval(x + 1, -56, 5)]), (0.03, 0.03, 0.05))
        draw(canvas, place.put([oval(x - 1, -59, 1.8)]), (1.0, 1.0, 0.95))
    beak = smooth([(-4, -52), (4, -52), (0, -42)], steps=5)
    draw(canvas, place.put([beak]), mix(eye, feather, 0.3))
