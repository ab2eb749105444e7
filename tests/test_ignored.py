"""Which names are hidden, which belong to unfinished copies, and which are litter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.ignored import is_ignored, is_litter, is_temporary

TEMPORARY = [
    ("Firefox", "01.png.part"),
    ("Firefox", "01.PART"),
    ("KIO of KDE", "01.png.part"),
    ("rsync", ".01.png.AbC123"),
    ("rsync", ".manifest.json.x7Kq0Z"),
    ("rsync", ".a\nb.png.AbC123"),
    ("rclone", "01.png.a1b2c3d4.partial"),
    ("rclone", ".01.png.a1b2c3d4.partial"),
    ("rclone before 1.63", "01.png.partial"),
    ("Edge", "01.png.partial"),
    ("Chrome", "film.crdownload"),
    ("Safari", "01.mp3.download"),
    ("Opera", "01.mp3.opdownload"),
    ("WinSCP", "01.png.filepart"),
    ("a web uploader", "01.png.uploading"),
    ("aria2", "01.png.aria2"),
    ("µTorrent", "01.png.!ut"),
    ("qBittorrent", "01.png.!qB"),
    ("BitComet", "01.png.bc!"),
    ("Resilio Sync", "01.png.!sync"),
    ("Syncthing", ".syncthing.01.png.tmp"),
    ("Syncthing", ".syncthing.01.png"),
    ("Syncthing on Windows", "~syncthing~01.png.tmp"),
    ("Syncthing on Windows", "~syncthing~01.png"),
    ("Nextcloud", "01.png.ocTransferId1234567890.part"),
    ("Nextcloud", ".01.png.ocTransferId1234567890.part"),
    ("lftp", ".in.01.png"),
    ("ProFTPD", ".in.01.png."),
    ("Pure-FTPd", ".pureftpd-upload.5f1c.15.7a"),
    ("GNOME Files", ".goutputstream-XUJ3T2"),
    ("Finder", "01.png.sb-1a2b3c4d-AbC123"),
    ("Finder", ".dat.nosync.sb-1a2b3c4d-AbC123"),
    ("Microsoft Office", "~$story.docx"),
    ("LibreOffice", ".~lock.manifest.json#"),
    ("Vim", ".manifest.json.swp"),
    ("editors", "story.tmp"),
    ("editors", "~x.TMP"),
    ("any", ".part"),
    ("any", "a\nb.part"),
]  # fmt: skip

LITTER = [
    ("Synology", "@eaDir"),
    ("Synology", "#recycle"),
    ("Synology", "#snapshot"),
    ("QNAP", "@Recycle"),
    ("QNAP", "@Recently-Snapshot"),
    ("QNAP", ".@__thumb"),
    ("Samba's recycle", ".recycle"),
    ("NetApp", ".snapshot"),
    ("macOS", ".DS_Store"),
    ("macOS", "._01.png"),
    ("macOS", "._01.png.part"),
    ("macOS", "__MACOSX"),
    ("macOS", ".Spotlight-V100"),
    ("macOS", ".Trashes"),
    ("macOS", "Icon\r"),
    ("Windows", "Thumbs.db"),
    ("Windows", "thumbs.DB"),
    ("Windows", "desktop.ini"),
    ("Windows", "$RECYCLE.BIN"),
    ("Windows", "System Volume Information"),
    ("ext4", "lost+found"),
    ("Linux desktops", ".Trash-1000"),
    ("KDE", ".directory"),
    ("NFS", ".nfs00000000012a4c1f00000001"),
    ("FUSE", ".fuse_hidden0000001500000001"),
    ("Resilio Sync", ".sync"),
    ("Syncthing", ".stfolder"),
    ("Syncthing", ".stversions"),
    ("Dropbox", ".dropbox.cache"),
    ("Nextcloud", ".sync_0123456789ab.db"),
]  # fmt: skip


@pytest.mark.parametrize(("program", "name"), TEMPORARY)
def test_names_of_unfinished_copies_are_temporary(program: str, name: str) -> None:
    assert is_temporary(name), program
    assert is_ignored(name)
    assert not is_litter(name)


@pytest.mark.parametrize(("program", "name"), LITTER)
def test_what_systems_leave_in_every_folder_is_litter_and_not_an_unfinished_copy(
    program: str, name: str
) -> None:
    assert is_litter(name), program
    assert is_ignored(name)
    assert not is_temporary(name)


@pytest.mark.parametrize(
    "name",
    [
        "01.png", "part", "tmp", "a.parts", "a.part.png", "compartment", "atmp", "01.png.AbC123",
        ".01.png.AbC12", ".01.png.AbC1234", ".01.png.Ab-123", ".AbC123", "syncthing.01.png",
        "x.syncthing.01.png", "", "download", "partial", "in.01.png", "01.sb-1", "~story", "$5.png",
        "a~$b.png", "recycle", "sync", "trash", "Thumbs.db.png", "my desktop.ini", "snapshot",
        "dropbox", "_01.png", "macosx", "eaDir", "@story", "#1", "Recycled", "lost and found",
        "manifest.json.swpx", ".hidden",
    ],
)  # fmt: skip
def test_other_names_are_neither(name: str) -> None:
    assert not is_temporary(name)
    assert not is_litter(name)
    assert is_ignored(name) == name.startswith(".")


@given(
    st.text(),
    st.sampled_from(["part", "tmp", "filepart", "crdownload", "PART", "Tmp", "partial", "!ut"]),
)
def test_any_name_with_such_an_ending_is_temporary_or_litter(stem: str, ending: str) -> None:
    name = f"{stem}.{ending}"
    assert is_temporary(name) != is_litter(name)


@pytest.mark.parametrize(
    ("name", "patterns", "is_matched"),
    [
        ("01.bak", ("*.bak",), True),
        ("01.BAK", ("*.bak",), False),
        ("raw", ("*.bak", "raw"), True),
        ("raw.png", ("*.bak", "raw"), False),
        ("take-1.wav", ("take-[0-9].wav",), True),
        ("01.png", (), False),
    ],
)
def test_patterns_add_names_to_ignore(
    name: str, patterns: tuple[str, ...], is_matched: bool
) -> None:
    assert is_litter(name, patterns) == is_matched
    assert is_ignored(name, patterns) == is_matched
