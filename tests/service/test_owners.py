"""Folders of any owner, dropped by the usual programs: each one becomes a film.

The service, and those who drop stories, are real users of this machine. What a program makes is
often writable for its owner alone (0755 and 0644), whatever the umask and default ACLs say.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest

from tests.helpers import users
from tests.helpers.folders import names
from tests.helpers.processes import RunningService, ServiceOf, ready, wait_until
from tests.helpers.stories import story
from tests.helpers.users import User

pytestmark = [
    pytest.mark.service,
    pytest.mark.slow,
    pytest.mark.skipif(bool(users.obstacle()), reason=users.obstacle()),
]

SHARE = 23_100
"""The group that may drop stories, and the service's own user."""
DROPPERS = {"root": User(0, 0), "member": User(5, 60, (SHARE,)), "outsider": User(9, 9)}
"""Users that every Debian has (games and news): scp asks for the name of its user."""
SERVICES = {
    "as in the unit": User(SHARE, SHARE, (), ("fowner", "lease")),
    "without rights": User(SHARE, SHARE),
}
UMASKS = (0o022, 0o002, 0o077)

AS_SSH = """#!/bin/sh
# In place of ssh: the other side of scp runs on this machine.
while [ "$1" != there ]; do shift; done
shift
exec sh -c "$*"
"""

PROGRAMS = {
    "cp": "cp -r {own}/{name} {inbox}/",
    "scp": "scp -q -O -S {tools}/as-ssh -r {own}/{name} there:{inbox}/",
    "rsync": "rsync -a {own}/{name} {inbox}/",
    "unzip": "cd {own} && zip -qr {name}.zip {name} && cd {inbox} && unzip -q {own}/{name}.zip",
    "mv": "mv {own}/{name} {inbox}/",
}
"""Each leaves a folder in the inbox as users' programs do."""


@dataclass(frozen=True, slots=True)
class Drop:
    """A story that somebody drops; its name says who, with which umask, by which program."""

    who: str
    umask: int
    program: str

    @property
    def name(self) -> str:
        """The folder's name, and the story's title."""
        return f"{self.program}-{self.who}-{self.umask:03o}"

    def do(self, place: Path) -> None:
        """Make the story as its owner, then put it into the inbox."""
        own = place / "home" / self.who
        values = {"own": own, "name": self.name, "inbox": place / "root/inbox", "tools": place}
        make = f"cp -r {place}/story {own}/{self.name}"
        command = PROGRAMS[self.program].format(**values)
        DROPPERS[self.who].run("sh", "-c", f"{make} && {command}", umask=self.umask)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user may enter: a story, a folder for each user, and a shared root."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        place.chmod(0o755)
        for path in (story(place / "story", (0.3,)), *(place / "story").iterdir()):
            path.chmod(0o777 if path.is_dir() else 0o666)  # so that umasks make a difference
        (place / "as-ssh").write_text(AS_SSH)
        (place / "as-ssh").chmod(0o755)
        for who, user in DROPPERS.items():
            (place / "home" / who).mkdir(parents=True)
            os.chown(place / "home" / who, user.uid, user.gid)
        (place / "root").mkdir()
        (place / "root/inbox").mkdir()
        for shared in (place / "root", place / "root/inbox"):
            os.chown(shared, SHARE, SHARE)
        (place / "root/inbox").chmod(0o2777)
        yield place


def missing_programs() -> list[str]:
    needed = {"cp", "scp", "rsync", "zip", "unzip"}
    return sorted(name for name in needed if not shutil.which(name))


@pytest.mark.parametrize("kind", SERVICES)
def test_a_folder_of_any_owner_becomes_a_film_and_one_that_is_not_readable_is_reported(
    place: Path, kind: str
) -> None:
    """N8: Plain `cp -r` by a user of the group was never taken."""
    if missing := missing_programs():
        pytest.skip(f"needs {', '.join(missing)}")
    drops = [Drop(*each) for each in product(DROPPERS, UMASKS, PROGRAMS)]
    readable = [drop.name for drop in drops if drop.umask != 0o077]
    private = [drop for drop in drops if drop.umask == 0o077]

    root = place / "root"
    with ready(ServiceOf(SERVICES[kind], root)) as service:
        for drop in drops:
            drop.do(place)
        wait_for_films(service, readable)
        for drop in private:
            line = service.wait_for("story.unclaimable", story=drop.name)
            assert "chmod -R a+rX" in line["mend"]
            assert (root / "inbox" / drop.name).is_dir()
        for drop in private:
            folder = str(root / "inbox" / drop.name)
            DROPPERS[drop.who].run("chmod", "-R", "a+rX", folder)
        wait_for_films(service, [drop.name for drop in drops])
        copied = {line["story"] for line in service.events("story.copied")}

    assert names(root / "failed") == []
    assert names(root / "done") == sorted(drop.name for drop in drops)
    assert set(names(root / "work")) <= {".lock", ".last-music"}
    assert taken(root) == copied
    assert_copied_only_where_it_must_be(kind, drops, copied)
    for drop in drops:
        if drop.name in copied:
            original = root / "inbox" / f"{drop.name} (taken, may be deleted)"
            assert original.stat().st_uid == DROPPERS[drop.who].uid


def wait_for_films(service: RunningService, stories: list[str]) -> None:
    """Wait until each of these stories has a film."""
    outbox = service.root / "outbox"
    wait_until(lambda: set(stories) <= set(names(outbox)), f"films of {stories}", seconds=90)


def taken(root: Path) -> set[str]:
    """The stories whose originals stay in the inbox."""
    ending = " (taken, may be deleted)"
    return {name.removesuffix(ending) for name in names(root / "inbox") if name.endswith(ending)}


def assert_copied_only_where_it_must_be(kind: str, drops: list[Drop], copied: set[str]) -> None:
    """With the unit's rights, folders of the share's group are moved, else they are copied."""
    made_here = [drop for drop in drops if drop.program in ("cp", "scp", "unzip")]
    writable = [drop.name for drop in made_here if drop.umask == 0o002]
    others = {drop.name for drop in made_here if drop.umask == 0o022}
    assert copied.isdisjoint(writable)
    if kind == "as in the unit":
        assert copied.isdisjoint(others)
    else:
        assert others <= copied
    assert {drop.name for drop in drops if drop.program == "mv"} - copied == set()


# ---- Samba --------------------------------------------------------------------------------------

CONFIGURATION = """
[global]
    server role = standalone server
    map to guest = Bad User
    guest account = nobody
    smb ports = {port}
    interfaces = lo
    bind interfaces only = yes
    disable netbios = yes
    pid directory = {own}
    lock directory = {own}
    state directory = {own}
    cache directory = {own}
    private dir = {own}
    ncalrpc dir = {own}
    log file = {own}/log
[inbox]
    path = {inbox}
    read only = no
    guest ok = yes
"""


def answers(client: list[str]) -> bool:
    """Whether the share can be listed."""
    return subprocess.run([*client, "-c", "ls"], capture_output=True, check=False).returncode == 0


@pytest.fixture
def samba(place: Path) -> Iterator[list[str]]:
    """A share of the inbox with Samba's own modes; the command that drops through it."""
    if not (shutil.which("smbd") and shutil.which("smbclient")):
        pytest.skip("needs smbd and smbclient (Debian's packages samba and smbclient)")
    own = place / "samba"
    own.mkdir()
    port = 23_145
    (own / "smb.conf").write_text(
        CONFIGURATION.format(own=own, inbox=place / "root/inbox", port=port)
    )
    smbd = ["smbd", "--foreground", "--no-process-group", f"--configfile={own}/smb.conf"]
    with (own / "said").open("w") as said:
        # A session of its own: at its end, smbd ends its whole process group.
        process = subprocess.Popen(
            smbd, stdout=said, stderr=said, stdin=subprocess.DEVNULL, start_new_session=True
        )
    client = ["smbclient", "//127.0.0.1/inbox", f"--port={port}", "--no-pass"]
    try:
        wait_until(lambda: answers(client), "samba", 30)
        yield client
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.parametrize("kind", SERVICES)
def test_a_folder_dropped_through_samba_s_own_modes_becomes_a_film(
    place: Path, samba: list[str], kind: str
) -> None:
    root = place / "root"
    with ready(ServiceOf(SERVICES[kind], root)) as service:
        commands = f"lcd {place}; recurse ON; prompt OFF; mput story"
        subprocess.run([*samba, "-c", commands], check=True, capture_output=True)
        assert (root / "inbox/story").stat().st_uid not in (0, SHARE)
        service.wait_for("story.delivered", story="story")
    assert names(root / "outbox") == ["story"]


# ---- the capabilities ---------------------------------------------------------------------------


def test_a_worker_has_none_of_the_rights_of_the_service(place: Path) -> None:
    root = place / "root"
    script = (
        "import json, os, sys\n"
        "from daemon import config\n"
        "from daemon.workers import worker\n"
        "def sets():\n"
        "    lines = open('/proc/self/status').read().splitlines()\n"
        "    return {l.split()[0]: int(l.split()[1], 16) for l in lines if l.startswith('Cap')}\n"
        "before = sets()\n"
        "settings = config.load(root=__import__('pathlib').Path(sys.argv[1]))\n"
        "settings.folders.work.mkdir(parents=True)\n"
        "worker.set_up(worker.conditions_of(settings))\n"
        "os.write(1, json.dumps([before, sets()]).encode())\n"
        "os._exit(0)\n"
    )
    command = SERVICES["as in the unit"].command(sys.executable, "-c", script, str(root))
    said = subprocess.run(
        command, env=users.environment(), cwd=users.CHECKOUT, capture_output=True, check=True
    )
    before, after = json.loads(said.stdout)
    assert before["CapEff:"] == before["CapAmb:"] == 1 << 3 | 1 << 28
    assert [after[name] for name in ("CapEff:", "CapPrm:", "CapInh:", "CapAmb:")] == [0, 0, 0, 0]
