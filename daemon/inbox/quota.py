"""How many lines the log gets about folders in a time; further ones are only counted.

Ten thousand folders that come at once, or that wait for something, are each worth a line, and
together worth none: journald drops lines after 10,000 in 30 s (journald.conf(5), RateLimitBurst=),
and with them those about stories that fail.
"""

from collections import Counter

MOST_LINES = 1000
WINDOW_SECONDS = 60.0


class Quota:
    """Up to `MOST_LINES` lines in each `WINDOW_SECONDS`. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._began = 0.0
        self._lines = 0
        self._counted: Counter[str] = Counter()

    def allows(self, kind: str, now: float) -> bool:
        """Whether a line may be logged now; if not, it counts as one of its kind."""
        if self._is_over(now) and not self._counted:
            self._began = now
            self._lines = 0
        if self._lines < MOST_LINES:
            self._lines += 1
            return True
        self._counted[kind] += 1
        return False

    def counted(self, now: float) -> dict[str, int]:
        """How many lines of each kind were not logged, once their time is over. Starts again."""
        if not self._counted or not self._is_over(now):
            return {}
        counted = dict(self._counted)
        self._counted.clear()
        self._began = now
        self._lines = 0
        return counted

    def _is_over(self, now: float) -> bool:
        return now - self._began >= WINDOW_SECONDS
