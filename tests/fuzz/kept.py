"""What fuzzing has learned: inputs that reached lines that none before them had reached.

`kept/` has an archive for each target. `make fuzz` begins with them, and `make test` tries each. To
put what a run has found into them:

    python -m tests.fuzz.kept
"""

import hashlib
import zipfile
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.targets import TARGETS

PLACE = Path(__file__).parents[2] / ".fuzz"
"""Where a run writes to."""
ARCHIVES = Path(__file__).with_name("kept")
LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The time of each input: the same inputs make the same archive."""


def kept(target: str) -> Sequence[bytes]:
    """The inputs that are kept for a target."""
    with zipfile.ZipFile(ARCHIVES / f"{target}.zip") as archive:
        return [archive.read(name) for name in archive.namelist()]


def keep(target: str) -> int:
    """Put what runs have found into the target's archive; how many inputs it then has."""
    inputs = {hashlib.sha256(data).hexdigest(): data for data in found(target)}
    ARCHIVES.mkdir(exist_ok=True)
    with zipfile.ZipFile(ARCHIVES / f"{target}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(inputs):
            info = zipfile.ZipInfo(name, LONG_AGO)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, inputs[name])
    return len(inputs)


def found(target: str) -> Sequence[bytes]:
    """The inputs in the folder of the last runs, which began with those in the archive."""
    return [path.read_bytes() for path in (PLACE / target).iterdir()]


def main() -> None:
    """Keep what there is of each target."""
    for target in TARGETS:
        print(f"{target}: {keep(target)} inputs")


if __name__ == "__main__":
    main()
