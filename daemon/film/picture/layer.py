"""A picture with transparent parts, and its place on the canvas."""

from dataclasses import dataclass, replace

from PIL import Image

from daemon.film.plan.layout import Box


@dataclass(frozen=True, slots=True)
class Layer:
    """An RGBA picture whose top left corner belongs at (left, top) of the canvas, in pixels."""

    image: Image.Image
    left: int
    top: int

    @property
    def box(self) -> Box:
        """Where the picture lies on the canvas."""
        right = self.left + self.image.width
        return Box(self.left, self.top, right, self.top + self.image.height)

    @property
    def is_blank(self) -> bool:
        """Whether nothing is drawn on it."""
        return self.image.getchannel("A").getbbox() is None

    def moved(self, right: int, down: int) -> "Layer":
        """The same layer, this many pixels further to the right and down."""
        return replace(self, left=self.left + right, top=self.top + down)

    def kept_within(self, area: Box) -> "Layer":
        """The layer pushed inside an area, and cut off where it is larger.

        Words are drawn small enough to fit, so only the smallest canvases cut them off.
        """
        width, height = self.image.size
        left = max(area.left, min(self.left, area.right - width))
        top = max(area.top, min(self.top, area.bottom - height))
        kept = Box(0, 0, min(width, area.right - left), min(height, area.bottom - top))
        return Layer(self.image.crop(kept), left, top)

    def paste_on(self, canvas: Image.Image) -> None:
        """Draw the layer into an RGB picture."""
        canvas.paste(self.image, (self.left, self.top), self.image)
