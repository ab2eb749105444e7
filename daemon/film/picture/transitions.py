"""How one page gives way to the next: a function for each word.

A transition straddles the page change. Its frames are numbered from the change: frame 0 is the
first of the new page's turn; -`steps` and `steps` are the frames just outside, in which one page
stands alone.
"""

from collections.abc import Callable, Mapping

from daemon.film.picture import planes
from daemon.film.picture.planes import Planes
from daemon.options import TransitionName

DrawPage = Callable[[], Planes]
"""Draws one of the two pages as it is at this frame."""
Transition = Callable[[DrawPage, DrawPage, int, int], Planes]
"""Draws a frame. It is given the page that leaves, the page that comes, `frame` and `steps`."""


def cut(leaving: DrawPage, coming: DrawPage, frame: int, _steps: int) -> Planes:
    """No transition at all. The planner gives a cut no frames, so nothing calls this in a film."""
    return leaving() if frame < 0 else coming()


def crossfade(leaving: DrawPage, coming: DrawPage, frame: int, steps: int) -> Planes:
    """Both pages over each other; at frame 0 they have the same share."""
    return planes.mixed(leaving(), coming(), (frame + steps) / (2 * steps))


def fade_black(leaving: DrawPage, coming: DrawPage, frame: int, steps: int) -> Planes:
    """The old page down to black at frame 0, then the new page up from it."""
    page = leaving() if frame < 0 else coming()
    return planes.mixed(planes.black(planes.size_of(page)), page, abs(frame) / steps)


TRANSITIONS: Mapping[TransitionName, Transition] = {
    "cut": cut,
    "crossfade": crossfade,
    "fade-black": fade_black,
}
