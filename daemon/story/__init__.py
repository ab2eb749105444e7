"""From an untrusted folder to a checked `Story`.

`manifest` is the model of what a story's maker writes, `reading` reads it. `untrusted` opens the
files of a folder, `admission` copies and checks them, `checks` says what is wrong, `builder` makes
the pages and chooses the music, and `intake` puts these steps in order. The result is a
`model.Story`: private copies, counted and checked.

Other packages get the model from here, make a story with `intake.intake` or only check it with
`intake.inspect`, decode its pictures with `checks.picture_problems`, and look at a folder that is
still arriving with `manifest` and `reading`.
"""

from daemon.story.model import Input, Narration, Page, Story

__all__ = ["Input", "Narration", "Page", "Story"]
