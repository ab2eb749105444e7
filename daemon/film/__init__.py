"""From a checked Story to a verified film.

`plan` decides everything (pure arithmetic); `picture` draws pages as moviepy clips, `sound` mixes;
`encode` writes the file, and checks it afterwards without trusting who wrote it. `render` brings them
together.
"""

from daemon.film.encode.verify import FilmFacts, verify_film
from daemon.film.plan import Plan, plan_film
from daemon.film.render import render_film

__all__ = ["FilmFacts", "Plan", "plan_film", "render_film", "verify_film"]
