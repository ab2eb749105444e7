"""From a Story to a verified film.

Reading order: `timeline` (when everything happens, pure arithmetic), `pictures` (moviepy clips), `music` (which track), `sound`
(the mix), `still_stream` (the file, with `h264` and `aac`) or `reference` (the same by moviepy), `captions`, and `verify`,
which trusts none of the others.
"""
