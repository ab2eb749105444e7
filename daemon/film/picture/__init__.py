"""The pictures of a film as moviepy clips.

`pages` draws a page at rest, with words by `letters` and `cards`; `camera` moves over it; `transitions`
lead from one page to the next; `clips` makes clips of all these, in the colours of `planes`; `poster`
is one of them, kept.
"""

from daemon.film.picture.clips import Studio
from daemon.film.picture.poster import make_poster

__all__ = ["Studio", "make_poster"]
