"""From a Story to a verified film.

Reading order: `timeline` (when everything happens, pure arithmetic), `pictures` (moviepy clips), `music` (which track), `sound`
(the mix), `movie` (the file), `captions`, and `verify`, which trusts none of the others.
"""
