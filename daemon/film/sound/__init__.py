"""The sound of a film: `mix` adds narrations and music up, `limiter` limits their peaks."""

from daemon.film.sound.mix import mix

__all__ = ["mix"]
