"""What a film will be: pure arithmetic, before anything is rendered.

`timeline` says when everything happens; `captions` and `chapters` what is said when, with `layout` and
`lines` to fit words to a canvas; `motions` how pages move; `background` and `levels` how it sounds.
`plan` puts all of it into one `Plan`.
"""

from daemon.film.plan.plan import Plan, plan_film

__all__ = ["Plan", "plan_film"]
