"""Every hostile folder gets what it must get, within a worker's limits, and leaves nothing behind.

`docs/security.md` has the table.
"""

import re
import shutil
from pathlib import Path

import pytest

from daemon.config import Settings
from tests.hostile.corpus import GROUPS
from tests.hostile.item import CANARY
from tests.hostile.table import REPOSITORY, results

MOST_SECONDS = 20.0
"""Of one item, on a machine that is busy with other tests."""
STRACE = ("--seccomp-bpf", "-f", "-qq", "-y", "-e", "trace=open,openat,openat2", "-o")


@pytest.mark.timeout(300)
@pytest.mark.service
@pytest.mark.slow
@pytest.mark.parametrize("group", GROUPS)
def test_each_item_gets_its_film_or_its_reason_within_the_limits_of_a_worker(
    group: str, settings: Settings
) -> None:
    items = {item.name: item for item in GROUPS[group]}
    found = results([group])
    assert [result.item for result in found] == list(items)
    wrong = [result for result in found if not items[result.item].allows(result.kind, result.words)]
    assert wrong == []
    assert [result for result in found if result.changed] == []
    assert [result for result in found if result.seconds > MOST_SECONDS] == []
    assert [result for result in found if result.mib > settings.workers.memory_mib] == []


@pytest.mark.timeout(300)
@pytest.mark.service
@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_the_program_itself_opens_nothing_outside_although_no_sandbox_keeps_it(
    tmp_path: Path,
) -> None:
    trace = tmp_path / "trace"
    groups = [name for name in GROUPS if name != "sounds of days"]  # they differ in length alone
    found = results(groups, "unconfined", ["strace", *STRACE, str(trace)])
    assert len(found) == sum(len(GROUPS[name]) for name in groups)
    lines = trace.read_text(errors="replace").splitlines()
    opened = [line for line in lines if re.search(rf"= \d+<[^>]*/{CANARY}\.", line)]
    assert [line for line in opened if "O_WRONLY" not in line] == []
    assert len(opened) == 3  # the canaries themselves, as they are written


def test_there_are_at_least_three_hundred_items_and_each_has_a_name_of_its_own() -> None:
    names = [(group, item.name) for group, items in GROUPS.items() for item in items]
    assert len(names) == len(set(names)) >= 300


def test_the_table_in_the_document_has_every_group_and_its_number_of_items() -> None:
    document = (REPOSITORY / "docs/security.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| ([a-z ]+) \| (\d+) \|", document, re.MULTILINE))
    assert rows == {group: str(len(items)) for group, items in GROUPS.items()}
