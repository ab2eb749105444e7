"""What we tell people, held to what the code does."""

import re
import shlex
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup

from daemon.cli import app
from daemon.config import NEEDS_RESTART
from daemon.story.manifest import FilmChoices, Manifest

REPOSITORY = Path(__file__).parent.parent
README = (REPOSITORY / "README.md").read_text("utf-8")
COMMANDS = typer.main.get_command(app)


def storyreel_calls(text: str) -> list[list[str]]:
    """Every `storyreel …` call in a text, as words; placeholders are in capitals."""
    text = text.replace(r"\|", "/")  # a bar in a table's cell, which is no pipe
    calls = re.findall(r"(?:bin/|`|\$ |\| )storyreel (\w[^`\n|)]*)", text)
    return [shlex.split(call, comments=True) for call in calls]


def assert_known(words: list[str]) -> None:
    assert isinstance(COMMANDS, TyperGroup)
    command = COMMANDS.commands.get(words[0])
    assert command, f"no such command: {words}"
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= known, f"unknown option: {words}"


def test_every_command_is_in_the_readme_and_every_call_there_works() -> None:
    assert isinstance(COMMANDS, TyperGroup)
    calls = storyreel_calls(README)
    assert {words[0] for words in calls} == set(COMMANDS.commands)
    for words in calls:
        assert_known(words)


def test_the_unit_starts_a_command_that_exists_with_the_paths_of_the_readme() -> None:
    unit = (REPOSITORY / "systemd/storyreel.service").read_text()
    [line] = re.findall(r"^ExecStart=(.*)$", unit, re.MULTILINE)
    program, *words = shlex.split(line)
    assert_known(words)
    assert program.removesuffix("/bin/storyreel") in README
    for path in [word for word in words if word.startswith("/")]:
        assert path in README
    assert f"RestartPreventExitStatus={78}" in unit


@pytest.mark.parametrize("target", re.findall(r"^    make (\w+)", README, re.MULTILINE))
def test_the_readmes_make_targets_exist(target: str) -> None:
    assert re.search(rf"^{target}:", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)


def test_the_readmes_manifest_is_one_and_its_table_names_every_key() -> None:
    block = re.search(r"    (\{\"title\".*?\n     \"film\".*?\})\n\n", README, re.DOTALL)
    assert block
    Manifest.model_validate_json(block[1])
    table = README[README.index("| key | what it is |") : README.index("Without `pages`")]
    for key in [*Manifest.model_fields, *FilmChoices.model_fields]:
        assert f"`{key}`" in table


@pytest.mark.parametrize(
    "document",
    ["README.md", "CONTRIBUTING.md", "docs/events.md", "music/README.md", "CHANGELOG.md"],
)
def test_every_file_that_a_document_names_is_there(document: str) -> None:
    text = (REPOSITORY / document).read_text("utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    paths = re.findall(r"`((?:daemon|docs|scripts|systemd|music|tests)/[\w./-]*\w)`", text)
    for link in links:
        assert ((REPOSITORY / document).parent / link).exists(), link
    for path in paths:
        assert (REPOSITORY / path).exists(), path


def test_every_folder_is_in_the_table_of_where_to_find_things() -> None:
    contributing = (REPOSITORY / "CONTRIBUTING.md").read_text("utf-8")
    folders = [path.parent for path in (REPOSITORY / "daemon").glob("*/__init__.py")]
    missing = [folder.name for folder in folders if f"`daemon/{folder.name}/`" not in contributing]
    assert missing == []


def test_the_settings_file_names_every_setting_that_needs_a_restart() -> None:
    head = (REPOSITORY / "config.toml").read_text("utf-8").partition("\n\n")[0].replace("\n# ", " ")
    told = head[head.index("takes over changes; ") : head.index(" need a restart.")]
    for key in NEEDS_RESTART:
        assert key in told or f"[{key.partition('.')[0]}]" in told
