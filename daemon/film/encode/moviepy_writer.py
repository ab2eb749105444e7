"""The reference writer: every frame through moviepy's `write_videofile`.

Tests compare `still_stream` with it, and `film.writer = "moviepy"` is the fallback. moviepy returns
normally even when its ffmpeg has died on a full disk, so nothing here is trusted: see `verify`.
"""

import tempfile
import wave
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Stream
from moviepy import VideoClip, concatenate_videoclips
from proglog import ProgressBarLogger

from daemon.errors import FilmError
from daemon.film.encode.material import Material
from daemon.film.encode.mp4 import CONTAINER, AnyPacket, Muxer
from daemon.film.plan.timeline import Timeline
from daemon.media.boundary import reading
from daemon.media.samples import SAMPLE_RATE, Samples

FULL_SCALE = 32_767
KEYFRAME_SECONDS = 10

# ffmpeg's options
QUALITY = ["-crf", "20", "-tune", "stillimage"]
BT709_TAGS = "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"
BT709 = ["-vf", f"scale=out_color_matrix=bt709:out_range=tv,{BT709_TAGS}"]
"""The colours of HD television (Rec. ITU-R BT.709); ffmpeg's default is standard definition."""
SOUND = ["-b:a", "192k", "-aac_coder", "fast"]
INDEX_FIRST = ["-movflags", "+faststart", "-map_metadata", "-1", "-fflags", "+bitexact"]
"""The index is at the front, so that a film plays while it is still being downloaded.

The programs' versions are left out.
"""


def write_film(material: Material, target: Path, progress: Callable[[float], None]) -> None:
    """Write the film to the new file `target`; `progress` is given the share done, 0 to 1.

    The temporary folder is made next to the film, on the same disk: a confined worker may write
    there, and not in /tmp. Raises FilmError when the encoder breaks down and says so.
    """
    with tempfile.TemporaryDirectory(prefix=".moviepy-", dir=target.parent) as folder:
        mix = Path(folder) / "mix.wav"
        bare = Path(folder) / "bare.mp4"
        write_wav(material.sound, material.timeline.samples, mix)
        clips = [material.clip_of(span) for span in material.timeline.spans]
        write_bare(clips, material.timeline, mix, bare, progress)
        with reading(_undecodable, FFmpegError):
            complete(bare, material, target)


def _undecodable(error: Exception) -> FilmError:
    return FilmError(f"the encoder broke down: it left a file that does not open: {error}")


def write_wav(blocks: Iterator[Samples], samples: int, target: Path) -> None:
    """Write sound of `samples` samples as a 16-bit stereo WAV file at `SAMPLE_RATE`."""
    with wave.open(str(target), "wb") as file:
        file.setparams((2, 2, SAMPLE_RATE, samples, "NONE", ""))
        for block in blocks:
            codes = np.rint(block.clip(-1.0, 1.0) * FULL_SCALE).astype("<i2")
            file.writeframesraw(codes.T.tobytes())


# ---- what moviepy writes -------------------------------------------------------------------------


def write_bare(
    clips: list[VideoClip],
    timeline: Timeline,
    sound: Path,
    target: Path,
    progress: Callable[[float], None],
) -> None:
    """Write clips and a sound file to an mp4, by moviepy. Raises FilmError when ffmpeg fails."""
    film = concatenated(clips, timeline)
    keyframe_frames = round(KEYFRAME_SECONDS * timeline.fps)
    try:
        film.write_videofile(
            str(target),
            fps=float(timeline.fps),
            codec="libx264",
            preset="veryfast",
            audio=str(sound),
            audio_codec="aac",
            ffmpeg_params=[
                *QUALITY,
                *BT709,
                "-g",
                str(keyframe_frames),
                *SOUND,
                *INDEX_FIRST,
            ],
            logger=_Progress(progress),
        )
    except OSError as error:
        if error.errno:
            raise
        raise FilmError(f"the encoder broke down: {str(error).strip()[-500:]}") from error
    finally:
        film.close()


def concatenated(clips: list[VideoClip], timeline: Timeline) -> VideoClip:
    """The clips one after the other, each change half a frame early.

    moviepy adds up lengths in floating point and asks for the frame at exactly k/fps: a change at
    exactly that time could fall to either side. Half a frame early, no rounding error reaches it.
    The end is half a frame late for the same reason.
    """
    half = float(0.5 / timeline.fps)
    clips[0] = clips[0].with_duration(clips[0].duration - half)
    clips[-1] = clips[-1].with_duration(clips[-1].duration + 2 * half)
    return concatenate_videoclips(clips, method="chain")


class _Progress(ProgressBarLogger):  # type: ignore[misc]  # proglog publishes no types
    """Passes moviepy's count of frames on, and drops its messages."""

    def __init__(self, progress: Callable[[float], None]) -> None:
        super().__init__()
        self._progress = progress

    def callback(self, **_: Any) -> None:
        """A message of moviepy's: dropped."""

    def bars_callback(self, bar: str, attr: str, value: Any, old_value: Any = None) -> None:
        """A step of moviepy's: `value` of the bar's total frames are written."""
        total = self.bars[bar]["total"]
        if attr == "index" and total:
            self._progress(value / total)


# ---- what moviepy cannot write -------------------------------------------------------------------


def complete(bare: Path, material: Material, target: Path) -> None:
    """Copy moviepy's streams into the film, at its exact rate, and add everything else.

    moviepy gives its ffmpeg the rate with two decimals: 23.976 becomes 23.98, and an hour becomes
    0.6 s shorter.
    """
    fps = material.timeline.fps
    written_fps = Fraction(f"{float(fps):.2f}")
    with (
        av.open(bare) as pictures,
        av.open(bare) as sounds,
        av.open(target, "w", format="mp4", options=CONTAINER) as film,
    ):
        video = pictures.streams.video[0]
        audio = sounds.streams.audio[0]
        to_video = film.add_stream_from_template(video)
        to_audio = film.add_stream_from_template(audio)
        to_video.time_base = 1 / fps
        Muxer(film, material).mux(
            copied(pictures, video, to_video, slower=written_fps / fps),
            copied(sounds, audio, to_audio),
            lambda _: None,
        )


def copied(
    container: InputContainer, source: Stream, target: Stream, slower: Fraction = Fraction(1)
) -> Iterator[AnyPacket]:
    """A stream's packets for another file; their times are multiplied by `slower`."""
    for packet in container.demux(source):
        if packet.size:
            assert packet.time_base, "a packet of a film has a time"
            packet.time_base *= slower
            packet.stream = target
            yield packet
