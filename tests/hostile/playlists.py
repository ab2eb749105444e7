"""Playlists, addresses and documents that name other files, disguised as sounds and pictures."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tests.hostile.item import CANARY, FILM, Change, Item, manifest, png, wav, write

NO_SOUND = "not a sound file|damaged|without any sound"
NO_PICTURE = "not a PNG, JPEG or WebP"
PLAYLISTS: Mapping[str, str] = {
    "HLS": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{canary}\n#EXT-X-ENDLIST\n",
    "HLS with an address": "#EXTM3U\n#EXTINF:1,\nfile://{canary}\n#EXT-X-ENDLIST\n",
    "HLS with a key": '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{canary}"\n#EXTINF:1,\na.ts\n',
    "HLS with concat": "#EXTM3U\n#EXTINF:1,\nconcat:http://127.0.0.1:9/|file://{canary}\n",
    "HLS with a map": '#EXTM3U\n#EXT-X-MAP:URI="{canary}"\n#EXTINF:1,\n{canary}\n',
    "ffconcat": "ffconcat version 1.0\nfile '{canary}'\n",
    "ffconcat with options": "ffconcat version 1.0\nfile '{canary}'\noption safe 0\n",
    "DASH": "<?xml version='1.0'?><MPD><Period><AdaptationSet><Representation><BaseURL>"
    "file://{canary}</BaseURL></Representation></AdaptationSet></Period></MPD>",
    "DASH with an entity": "<?xml version='1.0'?><!DOCTYPE MPD [<!ENTITY x SYSTEM "
    "'file://{canary}'>]><MPD>&x;</MPD>",
    "SDP": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=audio 5004 RTP/AVP 0\n",
    "Smooth Streaming": "<SmoothStreamingMedia Url='{canary}'/>",
    "PLS": "[playlist]\nFile1={canary}\nNumberOfEntries=1\n",
    "ASX": "<asx version='3.0'><entry><ref href='{canary}'/></entry></asx>",
    "XSPF": "<playlist><trackList><track><location>{canary}</location></track></trackList>"
    "</playlist>",
    "SMIL": "<smil><body><audio src='{canary}'/></body></smil>",
    "a CUE sheet": 'FILE "{canary}" WAVE\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n',
    "an FFmetadata file": ";FFMETADATA1\ntitle={canary}\n",
    "an image sequence": "img2:{canary}\n",
    "an lavfi graph": "amovie={canary}\n",
    "a VobSub index": "# VobSub index file, v7\nid: en, index: 0\n",
}
DOCUMENTS: Mapping[str, str] = {
    "SVG": "<svg xmlns='http://www.w3.org/2000/svg'><image href='{canary}'/></svg>",
    "SVG with an entity": "<!DOCTYPE svg [<!ENTITY x SYSTEM 'file://{canary}'>]><svg>&x;</svg>",
    "MVG": "push graphic-context\nimage over 0,0 0,0 '{canary}'\npop graphic-context\n",
    "MSL": "<image><read filename='{canary}'/></image>",
    "EPS": "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n({canary}) (r) file run\n",
    "PDF": "%PDF-1.4\n1 0 obj<</F({canary})>>endobj\n",
    "HTML": "<html><img src='file://{canary}'></html>",
    "XPM": '/* XPM */\nstatic char *x[] = {"1 1 1 1", "a c {canary}"};\n',
}
SOUND_NAMES = ("01.mp3", "01.wav", "01.m4a")


def disguised(text: str, name: str) -> Change:
    """Makes a story with this text as a picture, a narration or a track of such a name."""

    def make(folder: Path, outside: Path) -> None:
        data = text.replace("{canary}", str(outside / f"{CANARY}.wav"))
        (folder / "01.png").write_bytes(png())
        (folder / "01.wav").write_bytes(wav())
        (folder / name).write_text(data)
        page = {"image": "01.png", "audio": "01.wav"}
        if name == "track.ogg":
            write(folder, manifest([page], music=name))
        elif name.endswith((".png", ".jpg")):
            write(folder, manifest([page | {"image": name}]))
        else:
            write(folder, manifest([page | {"audio": name}]))

    return make


def everywhere() -> Iterator[Item]:
    """Playlists under the names of sounds, and under that of a picture; documents as pictures."""
    for number, (kind, text) in enumerate(PLAYLISTS.items()):
        name = SOUND_NAMES[number % len(SOUND_NAMES)]
        yield Item(f"{kind} as {name}", NO_SOUND, disguised(text, name))
        yield Item(f"{kind} as a track", NO_SOUND, disguised(text, "track.ogg"))
    for kind, text in DOCUMENTS.items():
        yield Item(f"{kind} as 01.png", NO_PICTURE, disguised(text, "01.png"))
        yield Item(f"{kind} as 01.mp3", NO_SOUND, disguised(text, "01.mp3"))


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box of an MP4 file."""
    data = b"".join(parts)
    return (8 + len(data)).to_bytes(4, "big") + kind + data


def referring(address: bytes) -> bytes:
    """An M4A whose samples lie in another file (ISO/IEC 14496-12, 8.7.2)."""
    zero = bytes(4)
    one = (1).to_bytes(4, "big")
    entry = box(
        b"sowt",
        bytes(6),
        b"\0\1",
        bytes(8),
        b"\0\1\0\x10",
        bytes(4),
        (48_000 << 16).to_bytes(4, "big"),
    )
    table = box(
        b"stbl",
        box(b"stsd", zero, one, entry),
        box(b"stts", zero, one, (480).to_bytes(4, "big"), one),
        box(b"stsc", zero, one, one, (480).to_bytes(4, "big"), one),
        box(b"stsz", zero, (2).to_bytes(4, "big"), (480).to_bytes(4, "big")),
        box(b"stco", zero, one, (44).to_bytes(4, "big")),
    )
    references = box(b"dinf", box(b"dref", zero, one, box(b"url ", zero, address + b"\0")))
    clock = bytes(8) + (48_000).to_bytes(4, "big") + (480).to_bytes(4, "big")
    handler = box(b"hdlr", bytes(8), b"soun", bytes(13))
    media = box(
        b"mdia",
        box(b"mdhd", zero, clock, zero),
        handler,
        box(b"minf", box(b"smhd", bytes(8)), references, table),
    )
    track = box(b"trak", box(b"tkhd", b"\0\0\0\1", bytes(8), one, bytes(68)), media)
    movie = box(b"moov", box(b"mvhd", zero, clock, bytes(80)), track)
    return box(b"ftyp", b"qt  ", zero, b"qt  ") + movie


def elsewhere(form: Callable[[Path], bytes]) -> Change:
    """Makes a story with an M4A that refers to the canary; what is played is the M4A itself."""

    def make(folder: Path, outside: Path) -> None:
        (folder / "01.png").write_bytes(png())
        (folder / "01.m4a").write_bytes(referring(form(outside / f"{CANARY}.wav")))
        write(folder, manifest([{"image": "01.png", "audio": "01.m4a"}]))

    return make


ITEMS = (
    *everywhere(),
    Item("an M4A whose samples are in the canary", FILM, elsewhere(lambda path: bytes(path))),
    Item("an M4A with an address", FILM, elsewhere(lambda path: b"file://" + bytes(path))),
)
