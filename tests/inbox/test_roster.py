"""All that depends on the time, and on what was seen before: no event loop, no files."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.config import Watch
from daemon.inbox.entries import fingerprint
from daemon.inbox.readiness import ManifestState, Sighting
from daemon.inbox.roster import (
    FIRST_OFFER_SECONDS,
    FIRST_REPORT_SECONDS,
    LAST_OFFER_SECONDS,
    LAST_REPORT_SECONDS,
    POSTPONED_SECONDS,
    Backoff,
    Detected,
    Notice,
    Roster,
    Settled,
    Stuck,
    Unreadable,
    Waiting,
)
from tests.inbox.sightings import (
    ABSENT,
    COMPLETE,
    COPYING,
    ENTRY,
    FAULTY,
    KINDS,
    LACKING,
    TORN,
    WATCH,
    entries,
    of_size,
)

START = 1000.0
Seen = Sighting | OSError | None


class Inbox:
    """A roster and the folders that it is shown, looked at when the test says so."""

    def __init__(self, **watch: float) -> None:
        self.folders: dict[str, Seen] = {}
        self.roster = Roster()
        self.now = START
        self._watch = Watch.model_validate(WATCH.model_dump() | watch)

    def look(self, names: Iterable[str]) -> list[Notice]:
        """Look at some folders, and return what follows."""
        notices: list[Notice] = []
        for name in sorted(names):
            seen = self.folders.get(name)
            notices += self.roster.note(name, seen, self.now, self._watch)
        return notices

    def after(self, seconds: float) -> list[Notice]:
        """Let time pass and look at all folders, as a scan does."""
        self.now += seconds
        return self.look({*self.folders, *self.roster.names})

    def offered(self, seconds: float) -> list[str]:
        """The same, and take every folder that is offered; their names."""
        self.after(seconds)
        return self.taken()

    def taken(self) -> list[str]:
        """Take every folder that is on offer; their names."""
        count = len(self.roster.offers)
        return [self.roster.take(self.now).name for _ in range(count)]


# ---- offers -------------------------------------------------------------------------------------


def test_a_folder_is_offered_when_it_has_been_quiet_for_the_settle_time() -> None:
    inbox = Inbox()
    inbox.folders["fox"] = COMPLETE
    assert inbox.after(0) == [Detected("fox")]
    assert inbox.roster.next_look() == START + 5
    assert inbox.after(4.9) == []
    assert inbox.after(0.1) == [Settled("fox", COMPLETE.entries, 5)]


def test_a_folder_copied_file_by_file_with_long_pauses_is_offered_only_when_it_is_whole() -> None:
    inbox = Inbox()
    names = ("manifest.json", "01.png", "01.wav", "02.png", "02.wav")
    for count in range(1, len(names)):
        there = tuple(replace(ENTRY, name=name) for name in names[:count])
        inbox.folders["fox"] = Sighting(entries(*there), ManifestState.SOUND, names[count:])
        assert inbox.offered(0) == []
        assert inbox.offered(60) == []
    whole = tuple(replace(ENTRY, name=name) for name in names)
    inbox.folders["fox"] = Sighting(entries(*whole), ManifestState.SOUND)
    assert inbox.offered(0) == []
    assert inbox.offered(4.9) == []
    assert inbox.offered(0.1) == ["fox"]


def test_a_file_that_grows_in_bursts_keeps_its_folder_from_being_offered() -> None:
    inbox = Inbox()
    for size in range(5):
        inbox.folders["fox"] = of_size(COMPLETE, size)
        assert inbox.offered(4.9) == []
        assert inbox.offered(0) == []
    assert inbox.offered(5) == ["fox"]


def test_a_folder_that_stays_is_offered_again_less_and_less_often() -> None:
    inbox = Inbox()
    inbox.folders["fox"] = COMPLETE
    inbox.after(0)
    offers = [inbox.now for _ in range(3000) if inbox.offered(1)]
    assert offers[0] == START + 5
    waits = [later - earlier for earlier, later in pairwise(offers)]
    assert waits == [5, 10, 20, 40, 80, 160, 320, 600, 600, 600]


def test_a_folder_that_stayed_and_then_changed_is_offered_as_if_it_were_new() -> None:
    inbox = Inbox()
    inbox.folders["fox"] = COMPLETE
    for _ in range(500):
        inbox.after(1)
    inbox.folders["fox"] = of_size(COMPLETE, 11)
    assert inbox.offered(1) == []
    assert inbox.offered(5) == ["fox"]
    assert inbox.offered(5) == ["fox"]


def test_each_folder_settles_in_its_own_time() -> None:
    inbox = Inbox()
    inbox.folders["one"] = COMPLETE
    inbox.after(0)
    inbox.folders["two"] = COMPLETE
    inbox.after(3)
    assert inbox.offered(2) == ["one"]
    del inbox.folders["one"]
    assert inbox.offered(3) == ["two"]


def test_a_folder_that_was_gone_for_a_while_is_detected_and_settles_again() -> None:
    inbox = Inbox()
    inbox.folders["fox"] = COMPLETE
    assert inbox.after(4) == [Detected("fox")]
    inbox.folders["fox"] = None
    assert inbox.after(1) == []
    assert inbox.roster.names == set()
    inbox.folders["fox"] = COMPLETE
    assert inbox.after(1) == [Detected("fox")]
    assert inbox.after(4) == []
    assert inbox.after(1) == [Settled("fox", COMPLETE.entries, 5)]


def test_folders_that_are_forgotten_are_detected_and_settle_again() -> None:
    inbox = Inbox()
    inbox.folders["fox"] = COMPLETE
    inbox.after(0)
    assert inbox.offered(5) == ["fox"]
    inbox.roster.clear()
    assert inbox.roster.names == set()
    assert inbox.after(1) == [Detected("fox")]
    assert inbox.offered(4) == []
    assert inbox.offered(1) == ["fox"]


def test_a_torn_manifest_is_offered_after_the_patience_and_a_faulty_one_when_it_is_quiet() -> None:
    inbox = Inbox()
    inbox.folders |= {"torn": TORN, "faulty": FAULTY}
    inbox.after(0)
    assert inbox.offered(5) == ["faulty"]
    del inbox.folders["faulty"]
    assert inbox.offered(24) == []
    assert inbox.offered(1) == ["torn"]


@pytest.mark.parametrize("sighting", [LACKING, ABSENT, COPYING])
def test_without_a_time_to_give_up_an_incomplete_folder_is_never_offered(
    sighting: Sighting,
) -> None:
    inbox = Inbox(give_up_seconds=0)
    inbox.folders["fox"] = sighting
    assert inbox.offered(0) == []
    assert inbox.offered(10**8) == []


def test_a_folder_that_nobody_takes_is_on_offer_once_and_logged_once() -> None:
    """H4: 50 ready folders that nobody took were 7450 offers, and as many lines, after a day."""
    inbox = Inbox()
    inbox.folders |= dict.fromkeys(("fox", "owl", "yak"), COMPLETE)
    notices = [notice for _ in range(8640) for notice in inbox.after(10)]
    assert [notice.name for notice in notices if isinstance(notice, Settled)] == [
        "fox",
        "owl",
        "yak",
    ]
    assert list(inbox.roster.offers) == ["fox", "owl", "yak"]


def test_the_folder_that_became_ready_first_is_taken_first() -> None:
    inbox = Inbox()
    inbox.folders["yak"] = COMPLETE
    inbox.after(0)
    inbox.folders["fox"] = COMPLETE
    inbox.after(3)
    inbox.after(100)
    inbox.after(100)
    assert inbox.taken() == ["fox", "yak"]  # both were ready at the same look
    inbox.folders = {"fox": of_size(COMPLETE, 11), "yak": of_size(COMPLETE, 11)}
    inbox.after(1)
    inbox.folders["fox"] = of_size(COMPLETE, 12)
    inbox.after(1)
    inbox.after(4)
    inbox.after(1)
    assert inbox.taken() == ["yak", "fox"]


@pytest.mark.parametrize(
    "seen", [None, OSError("unreadable"), of_size(COMPLETE, 11), LACKING, "stuck"]
)
def test_a_folder_that_changes_or_vanishes_before_it_is_taken_is_no_longer_offered(
    seen: Seen | str,
) -> None:
    """H4: each stale offer cost a claim, ahead of new stories."""
    inbox = Inbox()
    inbox.folders["fox"] = of_size(COMPLETE, 10) if seen is LACKING else COMPLETE
    inbox.after(0)
    inbox.after(5)
    assert list(inbox.roster.offers) == ["fox"]
    if isinstance(seen, str):
        assert inbox.roster.stuck("fox", 31, inbox.now) == [Stuck("fox", 31)]
    else:
        inbox.folders["fox"] = of_size(LACKING, 11) if seen is LACKING else seen
        inbox.after(1)
    assert inbox.roster.offers == {}


def test_a_folder_that_was_given_up_is_offered_with_what_it_lacks() -> None:
    inbox = Inbox()
    inbox.folders["fox"] = LACKING
    inbox.after(0)
    inbox.after(1000)
    assert inbox.roster.take(inbox.now) == Settled("fox", LACKING.entries, 1000, ("02.png",))


def test_quiet_time_lasts_from_the_end_of_one_look_to_the_beginning_of_another() -> None:
    """M9: a folder was offered after 0.3 s of quiet when the look at another one took 5 s."""
    roster = Roster()
    roster.note("fox", COMPLETE, START, WATCH, ended=START + 3)
    assert roster.next_look() == START + 8
    roster.note("fox", COMPLETE, START + 7.9, WATCH, ended=START + 20)
    assert roster.offers == {}
    roster.note("fox", COMPLETE, START + 8, WATCH, ended=START + 20)
    assert list(roster.offers) == ["fox"]


# ---- refused, and held --------------------------------------------------------------------------


def test_a_folder_that_was_taken_is_pending_until_it_is_refused() -> None:
    """M2: `run --once` never ended next to a folder that could not be claimed."""
    inbox = Inbox()
    inbox.folders["fox"] = COMPLETE
    inbox.after(0)
    assert inbox.offered(5) == ["fox"]
    assert inbox.roster.is_pending()
    inbox.roster.refuse("fox")
    assert not inbox.roster.is_pending()
    assert inbox.offered(4) == []
    assert not inbox.roster.is_pending()
    inbox.after(1)
    assert inbox.roster.is_pending()  # it is offered again
    assert inbox.taken() == ["fox"]
    inbox.roster.refuse("fox")
    inbox.folders["fox"] = of_size(COMPLETE, 11)
    inbox.after(1)
    assert inbox.roster.is_pending()  # it has changed


def test_refusing_a_folder_that_is_gone_means_nothing() -> None:
    inbox = Inbox()
    inbox.roster.refuse("fox")
    assert not inbox.roster.is_pending()


LATE_PICTURE = ("01.png (its SHA-256 is not the declared one)",)


@pytest.mark.parametrize("order", ["held, then given back", "given back, then held"])
def test_a_folder_that_is_held_waits_until_it_changes(order: str) -> None:
    inbox = Inbox()
    inbox.folders["fox"] = COMPLETE
    inbox.after(0)
    assert inbox.offered(5) == ["fox"]
    inbox.folders["fox"] = None  # claimed
    inbox.after(1)
    if order == "given back, then held":
        inbox.folders["fox"] = COMPLETE
        inbox.after(1)
        inbox.after(5)
        assert list(inbox.roster.offers) == ["fox"]
    inbox.roster.hold("fox", fingerprint(COMPLETE.entries), LATE_PICTURE)
    assert inbox.roster.offers == {}
    inbox.after(1)
    inbox.folders["fox"] = COMPLETE
    inbox.after(1)
    assert inbox.after(5) == []  # whoever held it has reported it
    assert not inbox.roster.is_pending()
    [report] = inbox.after(60)
    assert isinstance(report, Waiting)
    assert report.lacking == LATE_PICTURE
    inbox.folders["fox"] = of_size(COMPLETE, 11)
    assert inbox.offered(1) == []
    assert inbox.offered(5) == ["fox"]
    inbox.folders["fox"] = COMPLETE  # as it was: no longer held
    inbox.after(1)
    assert inbox.offered(5) == ["fox"]


def test_a_folder_that_is_held_is_given_up_in_the_end() -> None:
    inbox = Inbox()
    inbox.roster.hold("fox", fingerprint(COMPLETE.entries), LATE_PICTURE)
    inbox.folders["fox"] = COMPLETE
    inbox.after(0)
    inbox.after(1000)
    assert inbox.roster.take(inbox.now).lacking == LATE_PICTURE


def test_a_folder_that_was_held_and_went_away_is_judged_as_if_it_were_new() -> None:
    inbox = Inbox()
    inbox.roster.hold("fox", fingerprint(COMPLETE.entries), LATE_PICTURE)
    inbox.folders["fox"] = COMPLETE
    inbox.after(0)
    inbox.folders["fox"] = None
    inbox.after(1)
    inbox.folders["fox"] = COMPLETE
    inbox.after(1)
    assert inbox.offered(5) == ["fox"]


# ---- reports ------------------------------------------------------------------------------------


def test_missing_files_are_reported_less_and_less_often_and_given_up_in_the_end() -> None:
    inbox = Inbox(give_up_seconds=20_000)
    inbox.folders["fox"] = LACKING
    inbox.after(0)
    notices = [notice for _ in range(2000) for notice in inbox.after(10)]
    offers = [notice for notice in notices if isinstance(notice, Settled)]
    assert offers[0].seconds == 20_000

    reports = [notice for notice in notices if isinstance(notice, Waiting)]
    assert all((report.name, report.lacking) == ("fox", ("02.png",)) for report in reports)
    times = [report.seconds for report in reports]
    waits = [later - earlier for earlier, later in pairwise(times)]
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600]


def test_a_folder_that_changes_while_it_waits_is_not_reported_more_often() -> None:
    inbox = Inbox()
    reports = []
    for size in range(20):
        inbox.folders["fox"] = of_size(LACKING, size)
        inbox.after(1)
        reports += [inbox.now for notice in inbox.after(9) if isinstance(notice, Waiting)]
    assert reports == [START + 10, START + 70, START + 190]


def test_a_folder_that_changes_for_ever_is_reported_with_what_changes() -> None:
    """L3: it settled for ever without a word, for its inode numbers changed at every look."""
    inbox = Inbox()
    notices = []
    for inode in range(200):
        files = replace(ENTRY, inode=inode)
        inbox.folders["fox"] = Sighting(entries(files), ManifestState.SOUND, ("02.png",))
        notices += [notice for notice in inbox.after(4) if isinstance(notice, Waiting)]
    what = ("an end of the changes (01.png: inode)", "02.png")
    assert notices[0] == Waiting("fox", what, 0)
    assert len(notices) == 4  # after 300, 360, 480 and 720 s


def test_a_long_copy_with_pauses_is_not_reported_as_changing_for_ever() -> None:
    inbox = Inbox(give_up_seconds=0)
    for size in range(200):
        inbox.folders["fox"] = of_size(COMPLETE, size)
        assert [notice for notice in inbox.after(4) if isinstance(notice, Waiting)] == []
        if size % 15 == 14:
            inbox.after(5)


def test_a_look_that_does_not_come_back_is_reported_less_and_less_often() -> None:
    """C2: a folder whose look hangs is reported, and is not waited for."""
    inbox = Inbox()
    assert inbox.roster.stuck("owl", 31, START) == [Detected("owl"), Stuck("owl", 31)]
    assert inbox.roster.stuck("owl", 62, START + 59) == []
    assert inbox.roster.stuck("owl", 63, START + 60) == [Stuck("owl", 63)]
    assert not inbox.roster.is_pending()


def test_a_folder_is_not_due_while_it_is_being_looked_at() -> None:
    inbox = Inbox()
    inbox.folders["fox"] = COMPLETE
    inbox.after(0)
    assert inbox.roster.look_at("fox") == START + 5
    inbox.roster.begin(["fox", "one that is not known"])
    assert inbox.roster.due(START + 9) == set()
    assert inbox.roster.look_at("fox") == inbox.roster.look_at("nobody") == float("inf")


def test_changes_are_counted() -> None:
    inbox = Inbox()
    for seen in (COMPLETE, COMPLETE, of_size(COMPLETE, 11), OSError("x"), None, None):
        inbox.folders["fox"] = seen
        inbox.after(1)
    assert inbox.roster.changes == 3


def test_a_folder_that_cannot_be_read_is_reported_less_and_less_often() -> None:
    inbox = Inbox()
    inbox.folders["owl"] = PermissionError(13, "Permission denied")
    assert inbox.after(0) == [Detected("owl"), Unreadable("owl", "Permission denied")]
    assert inbox.after(59) == []
    assert inbox.after(1) == [Unreadable("owl", "Permission denied")]
    assert inbox.after(119) == []
    assert inbox.after(1) == [Unreadable("owl", "Permission denied")]


def test_an_error_without_a_number_is_reported_in_its_own_words() -> None:
    inbox = Inbox()
    inbox.folders["owl"] = OSError("the share went away")
    assert inbox.after(0)[1:] == [Unreadable("owl", "the share went away")]


def test_a_folder_that_can_be_read_again_is_offered() -> None:
    inbox = Inbox()
    inbox.folders["owl"] = PermissionError(13, "Permission denied")
    inbox.after(0)
    inbox.folders["owl"] = COMPLETE
    assert inbox.offered(1) == []
    assert inbox.offered(5) == ["owl"]


# ---- pending folders, and the next look ---------------------------------------------------------


def test_a_folder_is_pending_until_it_waits_for_files_or_is_gone() -> None:
    inbox = Inbox()
    assert not inbox.roster.is_pending()
    inbox.folders["fox"] = COMPLETE
    inbox.after(0)
    assert inbox.roster.is_pending()
    inbox.after(5)
    assert inbox.roster.is_pending()
    inbox.folders["fox"] = of_size(LACKING, 11)
    inbox.after(0)
    assert inbox.roster.is_pending()
    inbox.after(5)
    assert not inbox.roster.is_pending()
    inbox.folders["fox"] = None
    inbox.after(0)
    assert not inbox.roster.is_pending()


def test_a_folder_that_is_gone_while_it_is_ready_is_not_pending() -> None:
    inbox = Inbox()
    inbox.folders["fox"] = COMPLETE
    inbox.after(0)
    inbox.after(5)
    inbox.folders["fox"] = None
    inbox.after(0)
    assert not inbox.roster.is_pending()


@pytest.mark.parametrize("seen", [None, OSError("unreadable")])
def test_a_folder_that_was_settling_has_no_look_due_when_it_is_gone_or_unreadable(
    seen: Seen,
) -> None:
    inbox = Inbox()
    inbox.folders["fox"] = COMPLETE
    inbox.after(0)
    inbox.folders["fox"] = seen
    inbox.after(1)
    assert inbox.roster.next_look() == float("inf")
    assert inbox.roster.due(10**9) == set()
    assert not inbox.roster.is_pending()


@pytest.mark.parametrize(
    ("sighting", "seconds"),
    [
        (COMPLETE, 5),
        (FAULTY, 5),
        (TORN, 30),
        (LACKING, 1000),
        (ABSENT, 1000),
        (COPYING, 1000),
    ],
)
def test_looks_at_the_due_times_alone_find_a_folder_ready_on_time(
    sighting: Sighting, seconds: float
) -> None:
    inbox = Inbox()
    inbox.folders["fox"] = sighting
    notices = inbox.after(0)
    while (due := inbox.roster.next_look()) < float("inf"):
        assert inbox.roster.due(due - 1) == set()
        assert inbox.roster.due(due) == {"fox"}
        inbox.now = due
        notices += inbox.look(inbox.roster.due(due))
    assert notices[0] == Detected("fox")
    assert notices[-1] == Settled("fox", sighting.entries, seconds, sighting.lacking)


def test_the_next_look_is_the_earliest_of_all_folders() -> None:
    inbox = Inbox()
    assert inbox.roster.next_look() == float("inf")
    inbox.folders["one"] = COMPLETE
    inbox.after(0)
    inbox.folders["two"] = COMPLETE
    inbox.after(3)
    assert inbox.roster.next_look() == START + 5
    assert inbox.roster.due(START + 7) == {"one"}
    assert inbox.roster.due(START + 8) == {"one", "two"}


# ---- any history --------------------------------------------------------------------------------

PASSED = st.integers(0, 9) | st.integers(0, 1500)
SIGHTINGS = st.builds(of_size, st.sampled_from(KINDS), st.integers(1, 2))
LOOKS = st.lists(
    st.tuples(PASSED, st.sampled_from(["one", "two"]), st.none() | SIGHTINGS | SIGHTINGS),
    max_size=60,
)
"""Looks at two folders: the seconds that have passed, the folder, and what was seen."""
TIMES = st.lists(st.integers(0, 700), max_size=80)
"""Seconds between looks at one folder."""


@given(LOOKS)
def test_no_folder_is_offered_before_it_has_been_quiet_for_the_settle_time(
    looks: Sequence[tuple[int, str, Sighting | None]],
) -> None:
    roster = Roster()
    now = START
    known: dict[str, tuple[Sighting, float]] = {}
    for passed, name, sighting in looks:
        now += passed
        if sighting is None:
            known.pop(name, None)
        elif name not in known or known[name][0].entries != sighting.entries:
            known[name] = (sighting, now)

        for notice in roster.note(name, sighting, now, WATCH):
            if isinstance(notice, Settled):
                assert notice.seconds == now - known[name][1]
                assert notice.seconds >= WATCH.settle_seconds


@given(LOOKS)
def test_what_is_offered_was_complete_or_given_up_whatever_the_order_of_looks(
    looks: Sequence[tuple[int, str, Sighting | None]],
) -> None:
    roster = Roster()
    now = START
    for passed, name, sighting in looks:
        now += passed
        for notice in roster.note(name, sighting, now, WATCH):
            assert sighting is not None
            assert notice.name == name
            if isinstance(notice, Waiting):
                is_restless = notice.lacking[0].startswith("an end of the changes")
                assert is_restless or notice.lacking == sighting.lacking != ()
            if isinstance(notice, Settled):
                assert notice.entries == sighting.entries
                is_torn = sighting.manifest is ManifestState.TORN
                patience = WATCH.patience_seconds if is_torn else WATCH.give_up_seconds
                assert not sighting.lacking or notice.seconds >= patience


@given(LOOKS)
def test_what_follows_from_a_look_does_not_depend_on_the_other_folders(
    looks: Sequence[tuple[int, str, Sighting | None]],
) -> None:
    together = Roster()
    alone = {"one": Roster(), "two": Roster()}
    now = START
    for passed, name, sighting in looks:
        now += passed
        notices = together.note(name, sighting, now, WATCH)
        assert notices == alone[name].note(name, sighting, now, WATCH)
        assert together.next_look() == min(roster.next_look() for roster in alone.values())
        assert together.is_pending() == any(roster.is_pending() for roster in alone.values())


@given(LOOKS)
def test_a_folder_is_detected_once_for_each_time_that_it_comes(
    looks: Sequence[tuple[int, str, Sighting | None]],
) -> None:
    roster = Roster()
    there: set[str] = set()
    now = START
    for passed, name, sighting in looks:
        now += passed
        notices = roster.note(name, sighting, now, WATCH)
        is_new = sighting is not None and name not in there
        assert (Detected(name) in notices) == is_new
        if sighting is None:
            there.discard(name)
        else:
            there.add(name)
        assert roster.names == there


def assert_spaced(
    looks: Sequence[float], chosen: Sequence[float], first: float, last: float
) -> None:
    """The n-th wait is `first` × 2ⁿ, up to `last`, and then until the next look, not longer."""
    for number, (earlier, later) in enumerate(pairwise(chosen)):
        due = earlier + min(first * 2**number, last)
        assert later == min(look for look in looks if look >= due)


@given(TIMES)
def test_offers_lie_further_and_further_apart_whenever_looks_happen(passed: list[int]) -> None:
    inbox = Inbox()
    inbox.folders["fox"] = COMPLETE
    looks: list[float] = []
    offers: list[float] = []
    for seconds in passed:
        offered = inbox.offered(seconds)
        looks.append(inbox.now)
        if offered:
            offers.append(inbox.now)
    assert_spaced(looks, offers, FIRST_OFFER_SECONDS, LAST_OFFER_SECONDS)


@given(TIMES)
def test_reports_lie_further_and_further_apart_whenever_looks_happen(passed: list[int]) -> None:
    inbox = Inbox(give_up_seconds=0)
    inbox.folders |= {"fox": LACKING, "owl": PermissionError(13, "Permission denied")}
    looks: list[float] = []
    waiting: list[float] = []
    unreadable: list[float] = []
    for seconds in passed:
        notices = inbox.after(seconds)
        looks.append(inbox.now)
        waiting += [inbox.now for notice in notices if isinstance(notice, Waiting)]
        unreadable += [inbox.now for notice in notices if isinstance(notice, Unreadable)]
    assert_spaced(looks, waiting, FIRST_REPORT_SECONDS, LAST_REPORT_SECONDS)
    assert_spaced(looks, unreadable, FIRST_REPORT_SECONDS, LAST_REPORT_SECONDS)


def test_a_backoff_that_is_restarted_is_due_at_once_and_waits_briefly_again() -> None:
    backoff = Backoff(first=2, last=8)
    assert [now for now in range(40) if backoff.is_due(now)] == [0, 2, 6, 14, 22, 30, 38]
    backoff.restart()
    assert [now for now in range(40, 50) if backoff.is_due(now)] == [40, 42, 46]


# ---- folders that are postponed -----------------------------------------------------------------


def test_a_folder_that_is_postponed_is_offered_again_after_a_moment_each_time() -> None:
    roster = Roster()
    for now in (0.0, 5.0):
        roster.note("fox", COMPLETE, now, WATCH)
    assert roster.take(5.0).name == "fox"
    for now in (5.0, 10.0, 15.0):
        notices = roster.postpone("fox", ["01.mp3 (somebody is still writing it)"], now)
        assert [type(notice) for notice in notices] == ([Waiting] if now == 5.0 else [])
        assert not roster.is_pending()
        assert roster.next_look() == now + POSTPONED_SECONDS
        roster.note("fox", COMPLETE, now + 4.9, WATCH)
        assert roster.offers == {}
        roster.note("fox", COMPLETE, now + POSTPONED_SECONDS, WATCH)
        assert roster.take(now + POSTPONED_SECONDS).name == "fox"


def test_a_folder_that_changes_after_it_was_postponed_must_settle_again() -> None:
    roster = Roster()
    for now in (0.0, 5.0):
        roster.note("fox", COMPLETE, now, WATCH)
    roster.take(5.0)
    roster.postpone("fox", ["01.mp3"], 5.0)
    roster.note("fox", of_size(COMPLETE, 11), 6.0, WATCH)
    roster.note("fox", of_size(COMPLETE, 11), 10.0, WATCH)
    assert roster.offers == {}
    roster.note("fox", of_size(COMPLETE, 11), 11.0, WATCH)
    assert list(roster.offers) == ["fox"]


def test_a_folder_that_is_gone_cannot_be_postponed() -> None:
    assert Roster().postpone("fox", ["01.mp3"], 5.0) == []
