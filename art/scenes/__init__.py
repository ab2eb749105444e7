"""The six pages of "The Fox and the Lighthouse": a module each, painted from far to near."""

from collections.abc import Callable

from art.brushes import Canvas
from art.scenes.dawn import dawn
from art.scenes.dusk import dusk
from art.scenes.gold import gold
from art.scenes.night import night
from art.scenes.tower import tower
from art.scenes.wood import wood

Scene = Callable[[Canvas], None]
"""Paints one page onto a clean sheet of paper."""
SCENES: tuple[Scene, ...] = (dusk, night, wood, tower, gold, dawn)
