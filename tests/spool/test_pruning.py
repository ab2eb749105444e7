"""What is removed from done/ and failed/: the oldest stories, and nothing else."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.spool import durable, pruning
from daemon.spool.pruning import DAY, GIB, Bounds, Kept, kept_in, outside, prune
from tests.helpers.children import in_child, unprivileged
from tests.helpers.folders import names

MIB = 2**20


def story_of(place: Path, name: str, size: int = MIB) -> Path:
    """A story with a folder in it, of about this many bytes."""
    folder = place / name
    (folder / "pages").mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")
    (folder / "pages/01.png").write_bytes(b"x" * size)
    return folder


def now_after(folder: Path, days: float) -> float:
    """The time so many days after anything in a folder has changed."""
    return kept_in(folder).changed_at + days * DAY


@pytest.mark.parametrize(("days", "is_left"), [(6.9, True), (7.1, False)])
def test_a_story_is_removed_when_it_is_older_than_that(
    tmp_path: Path, days: float, is_left: bool
) -> None:
    """M12: what was kept for ever filled the disk in the end."""
    fox = story_of(tmp_path, "fox")
    pruned = [*prune(tmp_path, Bounds(days=7), now_after(fox, days))]
    assert names(tmp_path) == (["fox"] if is_left else [])
    assert [one.kept.folder for one in pruned] == ([] if is_left else [fox])


def test_without_bounds_nothing_is_removed(tmp_path: Path) -> None:
    fox = story_of(tmp_path, "fox")
    assert not Bounds()
    assert [*prune(tmp_path, Bounds(), now_after(fox, 36_500))] == []
    assert names(tmp_path) == ["fox"]


def test_of_too_much_the_oldest_goes(tmp_path: Path) -> None:
    for name in ("cat", "ape", "bee"):
        story_of(tmp_path, name)
    bounds = Bounds(gib=2.5 * MIB / GIB)
    assert len([*prune(tmp_path, bounds, now_after(tmp_path / "bee", 0))]) == 1
    assert names(tmp_path) == ["ape", "bee"]


def test_a_change_of_any_file_makes_a_story_young_again(tmp_path: Path) -> None:
    """Somebody may be mending it where it lies."""
    fox = story_of(tmp_path, "fox")
    before = kept_in(fox).changed_at
    while kept_in(fox).changed_at == before:  # the filesystem's clock has steps
        (fox / "pages/01.png").write_text("mended")


def test_links_files_and_hidden_names_are_left_alone(tmp_path: Path) -> None:
    outside_of_it = story_of(tmp_path, "elsewhere")
    place = tmp_path / "done"
    place.mkdir()
    (place / "link").symlink_to(outside_of_it)
    (place / "notes.txt").write_text("mine")
    (place / ".hidden").mkdir()
    fox = story_of(place, "fox")
    (fox / "link").symlink_to(outside_of_it)
    assert len([*prune(place, Bounds(days=1), now_after(fox, 2))]) == 1
    assert names(place) == [".hidden", "link", "notes.txt"]
    assert names(outside_of_it / "pages") == ["01.png"]


def test_what_was_cut_off_is_out_of_sight_and_removed_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fox = story_of(tmp_path, "fox")

    def fail(_: Path) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(pruning, "remove", fail)
        (pruned,) = prune(tmp_path, Bounds(days=1), now_after(fox, 2))
    assert pruned.fault == "Input/output error"
    assert [name.startswith(".pruned-") for name in names(tmp_path)] == [True]
    assert [*prune(tmp_path, Bounds(days=1), 0.0)] == []
    assert names(tmp_path) == []


def test_a_story_that_only_its_owner_may_write_to_is_removed_as_far_as_that_is_allowed(
    open_root: Path,
) -> None:
    place = open_root / "done"

    def body() -> str:
        fox = story_of(place, "fox")
        for folder in (fox / "pages", fox):
            folder.chmod(0o555)
        assert [one.fault for one in prune(place, Bounds(days=1), now_after(fox, 2))] == [""]
        return f"{names(place)}"

    assert in_child(unprivileged(body)).said == "[]"


def test_nothing_else_of_the_spool_deletes_a_source() -> None:
    """Promise 6. Trees are removed in two modules: here, and what only ever held copies."""
    package = Path(durable.__file__).parents[1]
    using = {
        f"{path.parent.name}/{path.name}"
        for path in package.rglob("*.py")
        if "rmtree" in path.read_text() and path.parent.name in ("spool", "service", "inbox")
    }
    assert using == {"spool/durable.py", "spool/pruning.py", "spool/spool.py"}


# ---- which ones ---------------------------------------------------------------------------------

STORIES = st.lists(
    st.builds(
        Kept,
        st.integers(0, 99).map(lambda number: Path(f"{number}")),
        st.floats(0, 100 * DAY),
        st.integers(0, 4 * GIB),
    ),
    max_size=20,
)
BOUNDS = st.builds(Bounds, st.sampled_from([0, 10, 50]), st.sampled_from([0, 1, 5]))


@given(STORIES, BOUNDS)
def test_what_is_left_is_within_the_bounds_and_younger_than_what_goes(
    stories: list[Kept], bounds: Bounds
) -> None:
    now = 100 * DAY
    gone = outside(stories, bounds, now)
    left = [*stories]
    for kept in gone:
        left.remove(kept)
    if bounds.days:
        assert all(now - kept.changed_at <= bounds.days * DAY for kept in left)
    if bounds.gib:
        assert sum(kept.size for kept in left) <= bounds.gib * GIB
    if gone and left:
        assert max(kept.changed_at for kept in gone) <= min(kept.changed_at for kept in left)
    if not bounds.gib:
        assert all(now - kept.changed_at > bounds.days * DAY for kept in gone)
