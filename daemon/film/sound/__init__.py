"""The sound of a film: `mix` puts narrations and music together, `limiter` keeps them below a ceiling."""

from daemon.film.sound.mix import mix

__all__ = ["mix"]
