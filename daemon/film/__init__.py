"""From a checked Story to a verified film.

`plan` decides everything, by arithmetic alone. `picture` draws the pages as moviepy clips, `sound`
mixes. `encode` writes the file, and verifies it afterwards without trusting whoever wrote it.
`render` puts a plan through all of them.
"""

from daemon.film.encode.verify import FilmFacts, verify_film
from daemon.film.plan import Plan, plan_film
from daemon.film.render import render_film

__all__ = ["FilmFacts", "Plan", "plan_film", "render_film", "verify_film"]
