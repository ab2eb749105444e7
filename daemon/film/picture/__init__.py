"""The pictures of a film as moviepy clips.

`pages` draws a page at rest. Words are drawn as `rows` into a `layer`: by `captions` over a page,
by `cards` on a card. `camera` moves over a page; `transitions` lead from one page to the next.
`clips` makes clips of all these, in the stream's colours (`planes`); `poster` saves one page as a
JPEG.
"""

from daemon.film.picture.clips import Studio
from daemon.film.picture.poster import make_poster

__all__ = ["Studio", "make_poster"]
