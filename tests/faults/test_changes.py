"""Whether the changes of the disk, before which processes are killed, are all that there are."""

from collections import Counter
from pathlib import Path

import pytest

from tests.faults import kernel
from tests.faults.changes import name_of_change
from tests.faults.site import Site

pytestmark = [pytest.mark.service, pytest.mark.slow]


NOT_NAMED = ["make inbox/.storyreel-glance/new"]
"""Made below an open folder, of which the audit event of `os.open` says nothing. The steps before
and after it are named."""


@pytest.mark.parametrize("is_broken", [False, True], ids=["delivered", "failed"])
def test_the_kernel_is_asked_for_no_change_that_the_trace_does_not_name(
    tmp_path: Path, is_broken: bool
) -> None:
    output = tmp_path / "calls"
    strace = kernel.command(output)
    if not strace:
        pytest.skip("no strace that may trace a process")
    site = Site(tmp_path)
    site.drop(is_broken)
    folders = site.fate().folders()
    ended = site.run(under=strace)

    asked = [
        name
        for what, paths in kernel.changes_of_first_process(output)
        if (name := name_of_change(what, paths, folders))
    ]
    named = [change for change in ended.changes if not change.startswith("write ")]
    assert "rmdir work/JOB" in asked
    assert Counter(asked) - Counter(NOT_NAMED) == Counter(named)
