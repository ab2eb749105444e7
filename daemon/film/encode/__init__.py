"""The film's file: written by one of two writers, and verified without trusting either.

`still_stream` encodes every picture once, with `h264` and `aac`; `moviepy_writer` hands the same
clips and the same sound to moviepy's own `write_videofile`. Both put the streams into the file
through `mp4`. `verify` reads the file back.
"""

from collections.abc import Mapping

from daemon.film.encode import moviepy_writer, still_stream
from daemon.film.encode.material import Material, Particulars, Writer
from daemon.options import WriterName

__all__ = ["WRITERS", "Material", "Particulars"]

WRITERS: Mapping[WriterName, Writer] = {
    "still-stream": still_stream.write_film,
    "moviepy": moviepy_writer.write_film,
}
