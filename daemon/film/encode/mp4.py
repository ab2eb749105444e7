"""The film's file: an mp4 with pictures, sound, captions, chapters, a cover, and metadata.

Captions are 3GPP timed text (3GPP TS 26.245, which QuickTime and FFmpeg call mov_text: two bytes of
length, then UTF-8). Chapters are written as QuickTime and as Nero write them. Languages are three
letters (ISO 639-2/T).
"""

import struct
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any, TypeAlias

import av
from av.container import OutputContainer
from av.stream import Disposition, Stream

from daemon.film.encode.material import Material
from daemon.film.plan.chapters import Chapter
from daemon.film.plan.timeline import first_sample
from daemon.media.samples import SAMPLE_RATE

AnyPacket: TypeAlias = "av.Packet[Any]"  # quoted: it is generic only in PyAV's stubs

CONTAINER = {"movflags": "+faststart", "movie_timescale": str(SAMPLE_RATE), "fflags": "+bitexact"}
"""The index at the front, the film's length exact to the sample, and no version of the muxer."""
SAMPLE = Fraction(1, SAMPLE_RATE)
"""The length of a sample in seconds: the time base of sound, captions and chapters."""
UNDETERMINED = "und"
STYLE = b"""\
[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, Alignment
Style: Default,sans-serif,18,&Hffffff,2
[Events]
Format: Layer, Start, End, Style, Text
"""
"""How captions look where a player has no style of its own: white, at the bottom.

It is the head of an ASS file, which FFmpeg's encoder expects.
"""


class Muxer:
    """Adds everything else to an open mp4 with streams of pictures and sound, then fills it.

    All packets go into the file in the order of their times.
    """

    def __init__(self, film: OutputContainer, material: Material) -> None:
        self._film = film
        self._timeline = material.timeline
        self._particulars = particulars = material.particulars
        self._cover_of = material.cover
        self._captions = self._add_captions() if particulars.captions else None
        language = three_letters(particulars.language)
        for stream in film.streams:
            stream.metadata["language"] = language
        self._cover = self._add_cover()
        names = {
            "title": particulars.title,
            "artist": particulars.author,
            "comment": particulars.comment,
        }
        film.metadata.update({key: text for key, text in names.items() if text})
        film.set_chapters(
            [self._chapter(number, chapter) for number, chapter in enumerate(particulars.chapters)]
        )

    def _add_captions(self) -> Stream:
        stream = self._film.add_stream("mov_text")
        stream.codec_context.subtitle_header = STYLE
        stream.time_base = SAMPLE
        stream.codec_context.time_base = SAMPLE
        return stream

    def _add_cover(self) -> Stream:
        stream = self._film.add_stream("mjpeg")
        stream.width, stream.height = self._timeline.size
        stream.pix_fmt = "yuvj420p"
        stream.disposition = Disposition.attached_pic
        return stream

    def _chapter(self, number: int, chapter: Chapter) -> Any:
        return {
            "id": number,
            "start": first_sample(chapter.first, self._timeline.fps),
            "end": first_sample(chapter.end, self._timeline.fps),
            "time_base": SAMPLE,
            "metadata": {"title": chapter.title},
        }

    def mux(
        self,
        pictures: Iterator[AnyPacket],
        sounds: Iterator[AnyPacket],
        progress: Callable[[float], None],
    ) -> None:
        """Put all streams into the file, interleaved; the cover comes last.

        `progress` is given the share done, 0 to 1, once per second of film and at the end.
        """
        others = [_InTime(self._film, sounds), _InTime(self._film, self._caption_packets())]
        for number, picture in enumerate(pictures):
            self._film.mux_one(picture)
            for packets in others:
                packets.mux_until(first_sample(number, self._timeline.fps))
            if number % round(self._timeline.fps) == 0:
                progress(number / self._timeline.frames)
        for packets in others:
            packets.mux_until(None)
        self._film.mux_one(packet(self._cover_of(), self._cover, 0, 1, Fraction(1, 1)))
        progress(1.0)

    def _caption_packets(self) -> Iterator[AnyPacket]:
        for caption in self._particulars.captions:
            text = caption.text.encode()
            data = struct.pack(">H", len(text)) + text
            assert self._captions, "there are captions"
            yield packet(data, self._captions, caption.start, caption.end - caption.start, SAMPLE)


class _InTime:
    """The packets of one stream, put into a file up to a given time."""

    def __init__(self, film: OutputContainer, packets: Iterator[AnyPacket]) -> None:
        self._film = film
        self._packets = packets
        self._next = next(packets, None)

    def mux_until(self, sample: int | None) -> None:
        """Put in those that begin at a sample or before it; None: all that are left."""
        while self._next is not None and (sample is None or (self._next.pts or 0) <= sample):
            self._film.mux_one(self._next)
            self._next = next(self._packets, None)


def packet(
    data: bytes,
    stream: Stream,
    start: int,
    duration: int,
    time_base: Fraction,
    is_keyframe: bool = True,
) -> AnyPacket:
    """A packet of a stream; times are in `time_base`."""
    made: AnyPacket = av.Packet(data)
    made.pts = start
    made.dts = start
    made.duration = duration
    made.time_base = time_base
    made.stream = stream
    made.is_keyframe = is_keyframe
    return made


def three_letters(language: str) -> str:
    """A language tag such as "pt-BR" as an mp4 has it, "por"; "und" where that is not known."""
    if not language:
        return UNDETERMINED
    import langcodes  # takes 0.07 s, which a film without a language need not wait for

    try:
        return langcodes.Language.get(language).to_alpha3(variant="T")
    except (LookupError, ValueError):
        return UNDETERMINED
