"""Which page moves how: what the story says of each page, with "auto" decided."""

from daemon.options import Motion
from daemon.story import Story

TURNS: tuple[Motion, ...] = ("zoom-in", "pan-right", "zoom-out", "pan-left")
"""What "auto" does, page after page. The story's seed says with which one it begins."""


def plan_motions(story: Story) -> tuple[Motion, ...]:
    """The motion of each page. Pages in a row that say "auto" never move alike."""
    return tuple(
        TURNS[(place + story.seed) % len(TURNS)] if page.motion == "auto" else page.motion
        for place, page in enumerate(story.pages)
    )
