"""How each page moves: what the story says of it, with "auto" replaced by a motion."""

from daemon.options import Motion
from daemon.story import Story

TURNS: tuple[Motion, ...] = ("zoom-in", "pan-right", "zoom-out", "pan-left")
"""What "auto" does, page after page. The story's seed decides which comes first."""


def plan_motions(story: Story) -> tuple[Motion, ...]:
    """The motion of each page. Two neighbouring pages that say "auto" never move alike."""
    motions = []
    for place, page in enumerate(story.pages):
        motion = page.motion
        if motion == "auto":
            motion = TURNS[(place + story.seed) % len(TURNS)]
        motions.append(motion)
    return tuple(motions)
