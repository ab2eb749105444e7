"""What the documents say, held to what the code does."""

import ast
import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer.main
from pydantic import BaseModel
from typer.core import TyperGroup

from daemon.cli import app
from daemon.config import NEEDS_RESTART, Settings
from daemon.options import Card
from daemon.story.manifest import FileFacts, FilmChoices, Manifest, Mood, PageEntry

REPOSITORY = Path(__file__).parent.parent
README = (REPOSITORY / "README.md").read_text("utf-8")
MANIFEST = (REPOSITORY / "docs/manifest.md").read_text("utf-8")
PROMISES = (REPOSITORY / "docs/promises.md").read_text("utf-8")
RELIABILITY = (REPOSITORY / "docs/reliability.md").read_text("utf-8")
COMMANDS = typer.main.get_command(app)
DOCUMENTS = sorted(
    path.relative_to(REPOSITORY).as_posix()
    for folder in (".", "docs", "music")
    for path in (REPOSITORY / folder).glob("*.md")
)
FOLDERS = sorted(path.parent.name for path in (REPOSITORY / "daemon").glob("*/__init__.py"))


# ---- commands ------------------------------------------------------------------------------------


def storyreel_calls(text: str) -> list[list[str]]:
    """Every `storyreel …` call in a text, as words; placeholders are in capitals."""
    text = text.replace(r"\|", "/")  # a bar in a table's cell, which is not a pipe
    calls = re.findall(r"(?:bin/|`|\$ |\| |^    )storyreel (\w[^`\n|)]*)", text, re.MULTILINE)
    return [shlex.split(call, comments=True) for call in calls]


def assert_known(words: list[str]) -> None:
    assert isinstance(COMMANDS, TyperGroup)
    command = COMMANDS.commands.get(words[0])
    assert command, f"no such command: {words}"
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= known, f"unknown option: {words}"


def test_every_command_is_in_the_readme() -> None:
    assert isinstance(COMMANDS, TyperGroup)
    assert {words[0] for words in storyreel_calls(README)} == set(COMMANDS.commands)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_call_in_a_document_works(document: str) -> None:
    for words in storyreel_calls((REPOSITORY / document).read_text("utf-8")):
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


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_make_targets_in_a_document_exist(document: str) -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    text = (REPOSITORY / document).read_text("utf-8")
    for target in re.findall(r"(?:^    |`)make (\w+)", text, re.MULTILINE):
        assert re.search(rf"^{target}:.*## ", makefile, re.MULTILINE), target


# ---- files and links -----------------------------------------------------------------------------


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_a_document_names_is_there(document: str) -> None:
    text = (REPOSITORY / document).read_text("utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text) if "://" not in link]
    named = r"`((?:daemon|docs|art|systemd|music|tests|benchmarks)/[\w./-]*\w/?)"
    for link in links:
        assert ((REPOSITORY / document).parent / link).exists(), link
    for path in re.findall(named, text):
        assert (REPOSITORY / path).exists(), path


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_to_a_heading_finds_it(document: str) -> None:
    text = (REPOSITORY / document).read_text("utf-8")
    for file, heading in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", text):
        target = (REPOSITORY / document).parent / file if file else REPOSITORY / document
        headings = re.findall(r"^#+ (.*)$", target.read_text("utf-8"), re.MULTILINE)
        slugs = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in headings}
        assert heading in slugs, f"{file}#{heading}"


@pytest.mark.parametrize("document", ["CONTRIBUTING.md", "docs/architecture.md"])
def test_every_folder_of_the_package_is_explained(document: str) -> None:
    text = (REPOSITORY / document).read_text("utf-8")
    assert [folder for folder in FOLDERS if f"`daemon/{folder}/`" not in text] == []


def test_the_map_in_the_package_s_docstring_names_every_folder_and_module() -> None:
    source = (REPOSITORY / "daemon/__init__.py").read_text("utf-8")
    modules = [path.stem for path in (REPOSITORY / "daemon").glob("*.py") if path.stem[0] != "_"]
    assert [name for name in [*FOLDERS, *modules] if f"`{name}`" not in source] == []


# ---- the manifest --------------------------------------------------------------------------------


def rows(section: str) -> dict[str, tuple[str, str]]:
    """A section's table: for each key its example and its meaning."""
    text = re.split(
        r"^#+ ", MANIFEST.split(f"# {section}\n", 1)[1], maxsplit=1, flags=re.MULTILINE
    )[0]
    found = re.findall(r"^\| `(\w+)` \| `(.*?)` \| (.*) \|$", text, re.MULTILINE)
    return {key: (example, meaning) for key, example, meaning in found}


TABLES: dict[str, tuple[type[BaseModel], dict[str, Any]]] = {
    "The story": (Manifest, {}),
    "Pages": (PageEntry, {"image": "01.png"}),
    "Music": (Mood, {}),
    "Film": (FilmChoices, {}),
    "Cards": (Card, {}),
    "Files": (FileFacts, {}),
}


@pytest.mark.parametrize("section", TABLES)
def test_the_reference_of_manifests_is_the_model(section: str) -> None:
    """Every key is in its table, in the model's order, with the model's own description."""
    model, _ = TABLES[section]
    described = {key: field.description for key, field in model.model_fields.items()}
    assert {key: meaning for key, (_, meaning) in rows(section).items()} == described


@pytest.mark.parametrize("section", TABLES)
def test_every_example_of_a_key_is_right(section: str) -> None:
    model, needed = TABLES[section]
    for key, (example, _) in rows(section).items():
        value = json.loads(example)
        model.model_validate(needed | {key: value})


@pytest.mark.parametrize("document", ["README.md", "docs/manifest.md"])
def test_the_example_of_a_manifest_is_one(document: str) -> None:
    text = (REPOSITORY / document).read_text("utf-8")
    block = re.search(r"    (\{\"title\".*?\n     \"film\".*?\})\n\n", text, re.DOTALL)
    assert block
    Manifest.model_validate_json(block[1])


# ---- settings, promises, changes -----------------------------------------------------------------


def test_the_settings_file_names_every_setting_that_needs_a_restart_and_no_other() -> None:
    head = (REPOSITORY / "config.toml").read_text("utf-8").partition("\n\n")[0].replace("\n# ", " ")
    named = head[head.index("except ") : head.index(", which need a restart.")]
    tables = set(re.findall(r"\[(\w+)\]", named))
    keys = set(re.findall(r"\w+\.\w+", named))
    assert {key for key in NEEDS_RESTART if key.partition(".")[0] not in tables} == keys
    for table in tables:
        fields = type(getattr(Settings(), table)).model_fields
        assert {f"{table}.{key}" for key in fields} <= NEEDS_RESTART


NAMED_TEST = r"`(tests/[\w/]+\.py)::(\w+)`"
"""A test in a document, as pytest takes it."""


def definition_of(file: str, test: str) -> ast.FunctionDef | ast.AsyncFunctionDef:
    """A test that a document names, as it is defined in its file. It must be there."""
    tree = ast.parse((REPOSITORY / file).read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == test:
            return node
    raise AssertionError(f"no such test: {file}::{test}")


def test_every_promise_names_tests_that_exist() -> None:
    promises = re.split(r"^## ", PROMISES, flags=re.MULTILINE)[1:]
    assert [int(promise.split(".")[0]) for promise in promises] == list(range(1, 12))
    for promise in promises:
        named = re.findall(NAMED_TEST, promise)
        assert named, promise
        for file, test in named:
            definition_of(file, test)


def test_every_test_that_the_page_on_reliability_names_exists() -> None:
    for file, test in re.findall(NAMED_TEST, RELIABILITY):
        definition_of(file, test)


WAYS_OF_FINDING = ("reading", "reproduced", "simulated error", "crash states", "fault tests")


def test_the_test_that_holds_a_defect_names_its_number() -> None:
    """The table of defects: each has its number, how it was found, and one test."""
    table = RELIABILITY.split("## Defects found", 1)[1]
    lines = re.findall(r"^\| ([A-Z]\d+) \|(.*)\|$", table, re.MULTILINE)
    assert len(lines) == len(re.findall(r"^\| ", table, re.MULTILINE)) - 1, "all but the heading"
    for number, line in lines:
        _, found, held = line.split(" | ")
        assert found in WAYS_OF_FINDING, number
        [(file, test)] = re.findall(NAMED_TEST, held)
        said = ast.get_docstring(definition_of(file, test)) or ""
        assert re.search(rf"\b{number}\b", said), f"{number} is not in the docstring of {test}"


def test_the_changelog_s_newest_version_is_the_package_s() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    headings = re.findall(
        r"^## \[(.*?)\]", (REPOSITORY / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE
    )
    assert headings[0] in ("Unreleased", project["version"])
