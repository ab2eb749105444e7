"""Fuzz one target with atheris for some time, from its seeds and from what earlier runs learned.

    python -m tests.fuzz TARGET SECONDS
    python -m tests.fuzz TARGET FILE

In `.fuzz/` stays what reached new lines (`TARGET/`), and what broke a target (`TARGET-finds/`). The
exit code is not 0 when anything did: that ends the run. With a file, only its bytes are tried.
`tests.fuzz.kept` takes what was learned into the repository.
"""

import hashlib
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["daemon", "PIL", "av", "natsort", "json"]):
    from tests.fuzz.kept import PLACE, kept
    from tests.fuzz.seeds import LARGEST, LONGEST, seeds
    from tests.fuzz.targets import TARGETS

SLOWEST = 20
"""Seconds for one input at most: more is a find."""
MEMORY_MIB = 2048
"""The same for memory."""


def main() -> None:
    """Fuzz as the arguments say."""
    target, what = sys.argv[1:]
    if not what.isdigit():
        TARGETS[target](Path(what).read_bytes())
        return

    corpus = PLACE / target
    finds = PLACE / f"{target}-finds"
    for made in (corpus, finds):
        made.mkdir(parents=True, exist_ok=True)
    for seed in (*seeds()[target], *kept(target)):
        (corpus / hashlib.sha256(seed).hexdigest()).write_bytes(seed)
    longest = LONGEST if target in ("manifest", "reading") else LARGEST
    options = [
        f"-max_total_time={what}",
        f"-max_len={longest}",
        f"-timeout={SLOWEST}",
        f"-rss_limit_mb={MEMORY_MIB}",
        f"-artifact_prefix={finds}/",
        "-print_final_stats=1",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], TARGETS[target])
    atheris.Fuzz()


main()
