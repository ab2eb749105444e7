"""How fast, how large and how good the films are, next to what others make: `make bench`.

`__main__` runs everything and writes RESULTS.md with `report`. `reference_story` makes the
material. The ways to the film are `original` (moviepy), `by_hand` (ffmpeg) and our own command and
service (`warm_service`); `moving_original` and `moving_by_hand` are the first two for a film that
moves. `measure` runs a command and counts what it takes, `quality` compares a film with its
pictures.
"""
