"""The fishing boat. Its middle, at the waterline, is the origin."""

from art.brushes import Canvas, Colour, draw, glow, light_up, limb, mix, numbers, oval, smooth
from art.place import Place


def draw_boat(
    canvas: Canvas, place: Place, hull: Colour, sail: Colour, trim: Colour, lamp: Colour | None
) -> None:
    """A stout little fishing boat: a bell at the bow, and at the stern a lamp, if there is one."""
    draw_rig(canvas, place, sail, trim)
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
    rail = limb([(-64, -24), (-38, -17), (0, -15), (40, -18), (67, -28)], [2, 2.4, 2])
    draw(canvas, place.put([smooth(body, steps=6)]), hull)
    draw(canvas, place.put(rail), mix(sail, hull, 0.35))

    bracket = limb([(58, -26), (58, -48), (64, -53), (70, -50)], [1.3, 1.3, 1.0])
    bell = [
        numbers([(67.5, -51), (72.5, -51), (75, -42), (78, -39), (62, -39), (65, -42)]),
        oval(70, -38, 2),
    ]
    draw(canvas, place.put(bracket), trim)
    draw(canvas, place.put(bell), mix(trim, lamp or sail, 0.45))

    draw(canvas, place.put(limb([(-56, -24), (-56, -46)], [1.3, 1.3])), trim)
    if lamp:
        glow(canvas, place.spot(-56, -50), 70 * place.size, lamp, 0.7)
        light_up(canvas, place.put([oval(-56, -50, 4, 5)]), mix(lamp, (1.0, 1.0, 1.0), 0.5))


def draw_rig(canvas: Canvas, place: Place, sail: Colour, trim: Colour) -> None:
    """The mast, and the sail before and behind it."""
    mast = limb([(2, -20), (3, -112)], [2.2, 1.4])
    front = [(8, -106), (26, -76), (42, -44), (58, -30), (30, -27), (8, -29), (10, -66)]
    back = [(-2, -100), (-12, -66), (-34, -34), (-18, -31), (-3, -32), (-5, -62)]
    draw(canvas, place.put(mast), trim)
    draw(canvas, place.put([smooth(front, steps=6)]), sail)
    draw(canvas, place.put([smooth(back, steps=6)]), mix(sail, trim, 0.25))
