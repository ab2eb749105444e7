"""Manifests that are no JSON, too large, too deep, or say what no story may say."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from tests.hostile.item import FILM, Item, manifest, with_manifest

PAGE = {"image": "01.png", "audio": "01.wav"}
GOOD = json.dumps(manifest([PAGE]))
MIB = 2**20


def bytes_that_are_not_json() -> Iterator[Item]:
    """Each is refused as not being JSON, or read in spite of its looks."""
    written: dict[str, tuple[bytes, str]] = {
        "empty": (b"", "not JSON"),
        "blanks": (b" \n" * 1000, "not JSON"),
        "zeros, as a preallocated file has": (bytes(4096), "not JSON"),
        "half of one": (GOOD[: len(GOOD) // 2].encode(), "not JSON"),
        "two of them": ((GOOD + GOOD).encode(), "not JSON"),
        "UTF-16": (GOOD.encode("utf-16"), "not JSON"),
        "UTF-32": (GOOD.encode("utf-32"), "not JSON"),
        "not UTF-8": (b'{"title": "\xff\xfe"}', "not JSON"),
        "a byte order mark": (b"\xef\xbb\xbf" + GOOD.encode(), FILM),
        "two byte order marks": (b"\xef\xbb\xbf" * 2 + GOOD.encode(), "not JSON"),
        "a comment": (b"// a story\n" + GOOD.encode(), "not JSON"),
        "a trailing comma": (GOOD[:-1].encode() + b",}", "not JSON"),
        "single quotes": (b"{'title': 'x'}", "not JSON"),
        "a raw newline in a text": (b'{"title": "a\nb"}', "not JSON"),
        "NaN": (b'{"pages": [{"image": "01.png", "duration": NaN}]}', "NaN is not a JSON"),
        "Infinity": (b'{"pages": [{"image": "01.png", "duration": Infinity}]}', "Infinity is"),
        "-Infinity": (b'{"film": {"fps": -Infinity}}', "-Infinity is not a JSON"),
        "a number that overflows": (b'{"pages": [{"image": "a", "duration": 1e999}]}', "duration"),
        "an integer of 5000 digits": (b'{"film": {"fps": ' + b"9" * 5000 + b"}}", "not JSON"),
        "an integer of 4000 digits": (b'{"film": {"fps": ' + b"9" * 4000 + b"}}", "film.fps"),
        "a float of 5000 digits": (b'{"film": {"fps": 1.' + b"9" * 5000 + b"}}", FILM),
        "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(100), "not JSON"),
        "YAML": (b"title: a story\npages: []\n", "not JSON"),
        "a YAML bomb": (b"a: &a [x]\nb: &b [*a, *a]\n", "not JSON"),
        "XML with an entity": (
            b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
            "not JSON",
        ),
    }
    for name, (data, result) in written.items():
        yield Item(name, result, with_manifest(data))


def depths_and_sizes() -> Iterator[Item]:
    """Nests, and counts beyond every limit."""
    made: dict[str, tuple[Callable[[], bytes], str]] = {
        "100,000 nested lists": (lambda: b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
        "100,000 nested lists, never closed": (lambda: b"[" * 100_000, "nested too deeply"),
        "400,000 nested objects": (lambda: b'{"a":' * 400_000, "nested too deeply"),
        "nested below a known key": (
            lambda: b'{"film": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
            "nested too deeply",
        ),
        "900 nested lists in a page": (
            lambda: b'{"pages": [' + b"[" * 900 + b"]" * 900 + b"]}",
            "page 1",
        ),
        "a byte more than 4 MiB": (lambda: GOOD.encode() + b" " * 4 * MIB, "larger than 4194304"),
        "100,000 pages": (lambda: many_pages(100_000), "more than 10000"),
        "10,001 pages": (lambda: many_pages(10_001), "more than 10000"),
        "1001 pages": (lambda: many_pages(1001), "1001 pages are more than 1000"),
        "a million pages that are zeros": (
            lambda: b'{"pages": [' + b"0," * 1_000_000 + b"0]}",
            "more than 10000",
        ),
        "10,000 empty pages": (lambda: b'{"pages": [' + b"{}," * 9999 + b"{}]}", "more problems"),
        "100,000 declared files": (lambda: many_files(60_000), "more than 20000"),
        "a million unknown keys": (lambda: many_keys(300_000), "more than 150000 keys"),
        "a title of 4,000,000 letters": (
            lambda: json.dumps({"title": "a" * 4_000_000}).encode(),
            "title",
        ),
        "a text of 20,001 letters": (
            lambda: json.dumps(manifest([PAGE | {"text": "a" * 20_001}])).encode(),
            "page 1, text",
        ),
        "two million escapes": (lambda: b'{"title": "' + b"\\n" * 2_000_000 + b'"}', "title"),
    }
    for name, (content, result) in made.items():
        yield Item(name, result, with_manifest(content))


def many_pages(count: int) -> bytes:
    """A manifest of so many pages of one picture."""
    page = b'{"image":"01.png","duration":1}'
    return b'{"pages": [' + b",".join([page] * count) + b"]}"


def many_files(count: int) -> bytes:
    """A manifest that declares so many files."""
    return json.dumps({"files": {f"{number}.png": {} for number in range(count)}}).encode()


def many_keys(count: int) -> bytes:
    """A manifest of unknown keys."""
    return json.dumps({f"k{number}": 0 for number in range(count)}).encode()


def wrong_values() -> Iterator[Item]:
    """A value of a wrong kind at each key."""
    values: dict[str, Any] = {
        "a list": [],
        "an object": {"x": 1},
        "a number": -7,
        "null bytes": "\0",
    }
    for key in ("title", "author", "comment", "language", "pages", "files", "film", "music"):
        for kind, value in values.items():
            if (key, kind) in ALLOWED:
                continue
            content = manifest([PAGE]) | {key: value}
            yield Item(f"{key}: {kind}", REASONS.get((key, kind), key), with_manifest(content))
    for key in ("image", "audio", "text", "motion", "focus", "duration"):
        for kind, value in values.items():
            content = manifest([PAGE | {key: value}])
            yield Item(f"a page's {key}: {kind}", "page 1", with_manifest(content))


ALLOWED = {("files", "a list"), ("music", "an object")}
REASONS = {("files", "a list"): "files", ("music", "an object"): "music"}


def contents() -> Iterator[Item]:
    """JSON that is no story."""
    known: dict[str, tuple[Any, str]] = {
        "a list": ([], "not a JSON object"),
        "a text": ("story", "not a JSON object"),
        "null": (None, "not a JSON object"),
        "no page in its list": (manifest([]), "an empty list"),
        "an unknown key": (manifest([PAGE], titel="x"), 'Did you mean "title"?'),
        "a key of Python objects": (manifest([PAGE], __class__="os.system"), "unknown key"),
        "a prototype": (manifest([PAGE], __proto__={"x": 1}), "unknown key"),
        "a setting of the service": (manifest([PAGE], film={"font": "/etc/passwd"}), "unknown key"),
        "a writer of its own": (manifest([PAGE], film={"writer": "moviepy"}), "unknown key"),
        "a film of 100,000 pixels' width": (
            manifest([PAGE], film={"size": "100000x10"}),
            "film.size",
        ),
        "a thousand frames a second": (manifest([PAGE], film={"fps": 1000}), "film.fps"),
        "a background of shell words": (
            manifest([PAGE], film={"background": "$(id)"}),
            "film.background",
        ),
        "half a surrogate pair in the title": (manifest([PAGE], title="\ud800"), "title"),
        "half a surrogate pair in a text": (manifest([PAGE | {"text": "\udfff"}]), "page 1, text"),
        "half a surrogate pair in a file": (manifest([PAGE | {"image": "\ud800.png"}]), "page 1"),
        "a language that is a path": (manifest([PAGE], language="../../x"), "language"),
        "a page with sound and duration": (manifest([PAGE | {"duration": 1}]), "both audio and"),
        "a page with neither": (manifest([{"image": "01.png"}]), "neither audio nor duration"),
        "a duration of zero": (manifest([{"image": "01.png", "duration": 0}]), "duration"),
        "a duration of a day": (manifest([{"image": "01.png", "duration": 86400}]), "duration"),
        "more hours than a film may have": (
            manifest([{"image": "01.png", "duration": 3600}] * 5),
            "minutes are more than 240",
        ),
        "a poster of no page": (manifest([PAGE], film={"poster_page": 9}), "page 9 of 1"),
        "a mood that is a path": (manifest([PAGE], music={"mood": "../.."}), "has no mood"),
        "a size that is a text": (
            manifest([PAGE], files={"01.png": {"size": "large"}}),
            'files, "01.png"',
        ),
        "a hash of another file": (
            manifest([PAGE], files={"01.png": {"sha256": "0" * 64}}),
            "not the declared one",
        ),
        "a declared size of 10^18": (
            manifest([PAGE], files={"01.png": {"size": 10**18}}),
            "not the declared",
        ),
        "a declared file outside": (manifest([PAGE], files={"../a": {}}), "leaves the story's"),
    }
    for name, (content, result) in known.items():
        yield Item(name, result, with_manifest(content))


def doubled() -> Iterator[Item]:
    """A key that is written twice, at each depth."""
    page = '{"image": "01.png", "audio": "01.wav"}'
    written = {
        "pages twice": (f'{{"pages": [], "pages": [{page}]}}', '"pages" twice in one'),
        "a page's picture twice": (
            '{"pages": [{"image": "01.png", "image": "../x", "audio": "01.wav"}]}',
            '"image" twice',
        ),
        "a declared file twice": (
            f'{{"pages": [{page}], "files": {{"01.png": {{}}, "01.png": {{"size": 1}}}}}}',
            '"01.png" twice',
        ),
        "a key of the film twice": ('{"film": {"fps": 5, "fps": 50}}', '"fps" twice'),
        "an unknown key twice": ('{"x": 5, "x": 50}', '"x" twice'),
    }
    for name, (text, result) in written.items():
        yield Item(name, result, with_manifest(text.encode()))


ITEMS = (
    *bytes_that_are_not_json(),
    *depths_and_sizes(),
    *wrong_values(),
    *contents(),
    *doubled(),
)
