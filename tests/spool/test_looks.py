"""Looking at the disk: what is there, and that an error is not an answer."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.spool.looks import exists, is_folder, is_plain_name

NAMES = (
    st.binary(min_size=1, max_size=255)
    .map(os.fsdecode)
    .filter(lambda name: name not in (".", "..") and not {"/", "\0"} & {*name})
)


@pytest.mark.parametrize("kind", ["folder", "link to a folder", "file", "nothing"])
def test_only_a_folder_itself_counts_as_a_folder(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x"
    if kind == "folder":
        path.mkdir()
    elif kind == "link to a folder":
        path.symlink_to(tmp_path)
    elif kind == "file":
        path.touch()
    assert is_folder(path) == (kind == "folder")
    assert not is_folder(path / "below")
    assert not is_folder(tmp_path / "a\0b")


@pytest.mark.parametrize("error", [errno.EIO, errno.ESTALE, errno.EACCES])
def test_a_look_that_fails_is_an_error_and_not_an_absence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    """C1"""

    def failing(_: Path) -> os.stat_result:
        raise OSError(error, os.strerror(error))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "lstat", failing)
        for look in (exists, is_folder):
            with pytest.raises(OSError, match=os.strerror(error)):
                look(tmp_path)
    for look in (exists, is_folder):
        assert look(tmp_path)
        assert not look(tmp_path / ("x" * 300))


@given(NAMES)
def test_every_name_of_a_file_is_a_plain_name(name: str) -> None:
    assert is_plain_name(name)


@pytest.mark.parametrize("name", ["", ".", "..", "/", "a/b", "../x", "/etc", None, 7, b"x", ["x"]])
def test_what_could_lead_out_of_its_folder_is_not_a_plain_name(name: object) -> None:
    assert not is_plain_name(name)
