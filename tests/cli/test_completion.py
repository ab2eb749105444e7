"""Completion in the shells that people use: commands, options, and the names of failed stories."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.cli.retry import completions

pytestmark = pytest.mark.slow

SCRIPTS = Path(sys.executable).parent
NAMES = ["owl", "the-fox", "the-hen"]
UNSAFE = ["$(touch pwned)", "a b", "a'b", 'a"b', "a;b", "*", "-f", ".hidden", "a\nb", "`id`", "a:b"]

needs_bash = pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with failed stories."""
    for name in [*NAMES, *UNSAFE]:
        (tmp_path / "root" / "failed" / name).mkdir(parents=True)
    return tmp_path / "root"


def run(*command: str, **environment: str) -> str:
    """What a command prints, which must be nothing on standard error."""
    path = f"{SCRIPTS}:{os.environ['PATH']}"
    done = subprocess.run(
        command,
        env=os.environ | {"PATH": path} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout


def completed_by_bash(
    *words: str, setup: str = 'eval "$(storyreel --show-completion)"'
) -> list[str]:
    """What bash offers when the tab key is pressed after these words."""
    ask = 'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _storyreel_completion storyreel'
    show = r"""printf '%s\n' "${COMPREPLY[@]}" """
    script = f"{setup}; {ask}; {show}"
    return run("bash", "--norc", "-c", script, "bash", "storyreel", *words).splitlines()


@needs_bash
def test_bash_completes_commands_and_options() -> None:
    assert completed_by_bash("re") == ["retry"]
    assert completed_by_bash("status", "--j") == ["--json"]


@needs_bash
def test_bash_completes_the_names_of_failed_stories(root: Path) -> None:
    assert completed_by_bash("retry", "--root", str(root), "the-") == ["the-fox", "the-hen"]


@needs_bash
def test_installed_completion_works_in_the_next_bash(tmp_path: Path, root: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    done = run("bash", "--norc", "-c", "storyreel --install-completion; true", HOME=str(home))
    assert "bash completion installed" in done
    setup = f"source {home}/.bashrc"
    assert completed_by_bash("retry", "--root", str(root), "", setup=setup) == NAMES


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script(shell: str) -> None:
    assert f"_STORYREEL_COMPLETE=complete_{shell}" in run(
        str(SCRIPTS / "storyreel"), _STORYREEL_COMPLETE=f"source_{shell}"
    )


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_zsh_and_fish_are_offered_the_names_of_failed_stories(shell: str, root: Path) -> None:
    """These two shells need not be installed: they ask by variables, and read the answer."""
    answer = run(
        str(SCRIPTS / "storyreel"),
        _STORYREEL_COMPLETE=f"complete_{shell}",
        _TYPER_COMPLETE_FISH_ACTION="get-args",
        _TYPER_COMPLETE_ARGS=f"storyreel retry --root {root} ",
    )
    if shell == "fish":
        assert answer.split() == NAMES
    else:
        assert answer == """_arguments '*: :(("owl"\n"the-fox"\n"the-hen"))'\n"""


def test_a_name_that_a_shell_would_split_or_evaluate_is_not_offered(root: Path) -> None:
    assert completions("", None, root) == NAMES
    for name in UNSAFE:
        assert completions(name, None, root) == []


def test_names_in_other_alphabets_are_offered(tmp_path: Path) -> None:
    for name in ("der-füchsin", "狐", "fox_2.final"):
        (tmp_path / "failed" / name).mkdir(parents=True)
    assert completions("", None, tmp_path) == ["der-füchsin", "fox_2.final", "狐"]


@needs_bash
@pytest.mark.parametrize("fault", ["no root", "no such settings", "faulty settings", "a file"])
def test_where_nothing_can_be_read_nothing_is_offered_and_nothing_is_said(
    fault: str, tmp_path: Path
) -> None:
    settings = tmp_path / "config.toml"
    (tmp_path / "root").mkdir()
    if fault == "faulty settings":
        settings.write_text("[film]\nfps = 'fast'\n")
    elif fault == "a file":
        (tmp_path / "root" / "failed").touch()
        settings.touch()
    elif fault == "no root":
        settings.touch()
        (tmp_path / "root").rmdir()
    words = ["retry", "--config", str(settings), "--root", str(tmp_path / "root"), ""]
    assert completed_by_bash(*words) == [""]
