"""Where a thing stands on the page, and how its own coordinates are carried there."""

from dataclasses import dataclass

from art.brushes import Point, Shape, moved, numbers


@dataclass(frozen=True)
class Place:
    """Where a thing stands on the page, its size and turn (degrees), and whether it faces left."""

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
        [outline] = self.put([numbers([[x, y]])])
        across, down = outline[0].tolist()
        return across, down
