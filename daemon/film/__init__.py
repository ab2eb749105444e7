"""From a Story to a verified film.

Reading order: `timeline` (when everything happens, pure arithmetic), `captions` and `chapters` (what it says when);
`pictures` (a page at rest, with `lettering`), `motion` (a page that moves) and `clips` (both as moviepy clips), in the colours
of `planes`; `music` (which track), `levels` (how loud, from what `loudness` measured) and `sound` (the mix, through the
`limiter`); `still_stream` (the streams, with `h264` and `aac`) or `reference` (the same by moviepy), and `movie` (the file);
`verify`, which trusts none of the others. `sheet` draws what was made on one sheet of paper.
"""
