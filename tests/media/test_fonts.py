"""A font is found by its file or by its family; anything else is refused in words."""

import shutil
from pathlib import Path

import pytest
from ttf_opensans import OPENSANS_REGULAR

from daemon.media.fonts import find

needs_fontconfig = pytest.mark.skipif(
    not shutil.which("fc-match"), reason="fontconfig is not on this machine"
)
DEJAVU = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")


def test_a_file_is_found_relative_to_the_settings(tmp_path: Path) -> None:
    shutil.copy(OPENSANS_REGULAR.path, tmp_path / "mine.ttf")
    assert find("mine.ttf", tmp_path) == find("./mine.ttf", tmp_path) == tmp_path / "mine.ttf"


def test_a_missing_file_is_named_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no such file: .*mine\.ttf"):
        find("mine.ttf", tmp_path)


def test_a_file_that_is_not_a_font_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.ttf").write_text("not a font")
    with pytest.raises(ValueError, match="not a TrueType or OpenType font"):
        find("mine.ttf", tmp_path)


@needs_fontconfig
@pytest.mark.skipif(not DEJAVU.is_file(), reason="DejaVu Sans is not on this machine")
@pytest.mark.parametrize("name", ["DejaVu Sans", "dejavu sans"])
def test_a_family_is_found_whatever_the_case_of_its_letters(name: str, tmp_path: Path) -> None:
    assert find(name, tmp_path) == DEJAVU


@needs_fontconfig
def test_a_family_that_fontconfig_would_replace_by_another_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='no font family "Nobody Sans"'):
        find("Nobody Sans", tmp_path)


def test_without_fontconfig_a_family_cannot_be_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ValueError, match="fontconfig is not there"):
        find("DejaVu Sans", tmp_path)
