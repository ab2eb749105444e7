"""From an untrusted folder to a checked `Story`.

`manifest` is the model of what a story's maker writes, `reading` reads it; `untrusted` opens what lies
in a folder, `intake` lets it in, `checks` says what is wrong with it, and `cast` makes the pages.
What comes out is the `model`: private copies, counted and checked.
"""

from daemon.story.model import Input, Narration, Page, Story

__all__ = ["Input", "Narration", "Page", "Story"]
