"""The headland with the lighthouse, which is the same on every page."""

from dataclasses import dataclass

from art.brushes import WIDTH, Canvas, Colour, Point, smooth
from art.landscape import cliff, grass, ridge
from art.lighthouse import Paintwork, draw_cottage, draw_lighthouse
from art.place import Place

TURF = [  # the upper edge of the cliff
    (-100, 16),
    (-86, 2),
    (-60, -2),
    (0, -3),
    (60, 0),
    (140, 6),
    (260, -8),
    (420, -26),
    (760, -40),
]


@dataclass(frozen=True)
class Rock:
    """The colours of the headland on one page, and the direction of the light on its edge.

    The rock fades from `top` into `foot`.
    """

    turf: Colour
    top: Colour
    foot: Colour
    light: Colour
    toward: Point


def headland(canvas: Canvas, place: Place, rock: Rock, paintwork: Paintwork, seed: int) -> Point:
    """The cliff with the lighthouse, and the keeper's house behind; returns the place of the lamp.

    The foot of the lighthouse stands at the given place.
    """
    face = [
        (-196, 174),
        (-186, 156),
        (-166, 152),
        (-158, 132),
        (-138, 126),
        (-128, 92),
        (-112, 74),
        (-114, 44),
        (-98, 16),
    ]
    outline = smooth([*face, *TURF[1:], (760, 174), (200, 174)], steps=5)
    draw_cottage(canvas, Place(*place.spot(74, 3), place.size * 0.85), paintwork)
    lamp = draw_lighthouse(canvas, place, paintwork)
    cliff(canvas, place.put([outline])[0], rock.top, rock.foot, rock.light, rock.toward, seed)

    corners = sorted(place.spot(x, y) for x, y in TURF)
    line = ridge(canvas, corners, 1.5 * place.size, seed + 2, 40)
    span = (max(corners[0][0] + 6, -20), min(corners[-1][0] - 6, WIDTH + 20))
    count = int(span[1] - span[0])
    height = 9 * min(place.size, 1.6)
    grass(canvas, line, span, count, height, rock.turf, seed + 3, sink=5 * place.size)
    return lamp
