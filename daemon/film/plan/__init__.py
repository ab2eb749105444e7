"""What a film will be: pure arithmetic, before anything is rendered.

`timeline` says when everything happens. `captions` and `chapters` put words to it; `layout` and
`lines` fit words to a canvas. `motions` says how pages move, `background` what is done to the
music, `levels` how loud everything is. `plan` puts all of it into one `Plan`.
"""

from daemon.film.plan.plan import Plan, plan_film

__all__ = ["Plan", "plan_film"]
