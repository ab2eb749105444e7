"""The one boundary at which errors of foreign libraries become ours.

FFmpeg, Pillow and fontTools raise errors of many kinds over a damaged file. The same call can fail
because the machine has no memory left, or because the disk is gone. An error that the file caused
is put into words, and the attempt is not repeated. An error of the machine passes as it is, and the
attempt is repeated.
"""

import errno
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum, auto

from av import error as ffmpeg
from av.error import FFmpegError

from daemon.errors import StoryreelError


class Blame(StrEnum):
    """Whose fault an error is."""

    FILE = auto()
    MACHINE = auto()
    PROGRAM = auto()  # ours: a codec or an option that this FFmpeg does not have


BLAME: Mapping[type[FFmpegError], Blame] = {
    ffmpeg.ArgumentError: Blame.FILE,  # decoders return EINVAL for headers that make no sense
    ffmpeg.BlockingIOError: Blame.FILE,  # files never block: a demuxer gave up
    ffmpeg.BugError: Blame.FILE,
    ffmpeg.DecoderNotFoundError: Blame.FILE,
    ffmpeg.DemuxerNotFoundError: Blame.FILE,
    ffmpeg.EOFError: Blame.FILE,
    ffmpeg.ExternalError: Blame.FILE,
    ffmpeg.InputChangedError: Blame.FILE,
    ffmpeg.InvalidDataError: Blame.FILE,
    ffmpeg.NotImplementedError: Blame.FILE,
    ffmpeg.OutputChangedError: Blame.FILE,
    ffmpeg.OverflowError: Blame.FILE,
    ffmpeg.PatchWelcomeError: Blame.FILE,
    ffmpeg.ProtocolNotFoundError: Blame.FILE,
    ffmpeg.UndefinedError: Blame.FILE,
    ffmpeg.UnknownError: Blame.FILE,
    ffmpeg.HTTPError: Blame.FILE,  # a playlist asks for the network, which it never gets
    ffmpeg.HTTPClientError: Blame.FILE,
    ffmpeg.HTTPBadRequestError: Blame.FILE,
    ffmpeg.HTTPForbiddenError: Blame.FILE,
    ffmpeg.HTTPNotFoundError: Blame.FILE,
    ffmpeg.HTTPOtherClientError: Blame.FILE,
    ffmpeg.HTTPServerError: Blame.FILE,
    ffmpeg.HTTPTooManyRequestsError: Blame.FILE,
    ffmpeg.HTTPUnauthorizedError: Blame.FILE,
    ffmpeg.BrokenPipeError: Blame.MACHINE,
    ffmpeg.ChildProcessError: Blame.MACHINE,
    ffmpeg.ConnectionAbortedError: Blame.MACHINE,
    ffmpeg.ConnectionRefusedError: Blame.MACHINE,
    ffmpeg.ConnectionResetError: Blame.MACHINE,
    ffmpeg.FileExistsError: Blame.MACHINE,
    ffmpeg.FileNotFoundError: Blame.MACHINE,
    ffmpeg.InterruptedError: Blame.MACHINE,
    ffmpeg.IsADirectoryError: Blame.MACHINE,
    ffmpeg.MemoryError: Blame.MACHINE,
    ffmpeg.NotADirectoryError: Blame.MACHINE,
    ffmpeg.OSError: Blame.MACHINE,  # every other errno, such as EIO, ENOSPC and ESTALE
    ffmpeg.PermissionError: Blame.MACHINE,  # EACCES; `blame` treats EPERM
    ffmpeg.ProcessLookupError: Blame.MACHINE,
    ffmpeg.TimeoutError: Blame.MACHINE,
    ffmpeg.BSFNotFoundError: Blame.PROGRAM,
    ffmpeg.BufferTooSmallError: Blame.PROGRAM,
    ffmpeg.EncoderNotFoundError: Blame.PROGRAM,
    ffmpeg.ExitError: Blame.PROGRAM,
    ffmpeg.ExperimentalError: Blame.PROGRAM,
    ffmpeg.FilterNotFoundError: Blame.PROGRAM,
    ffmpeg.LookupError: Blame.PROGRAM,
    ffmpeg.MuxerNotFoundError: Blame.PROGRAM,
    ffmpeg.OptionNotFoundError: Blame.PROGRAM,
    ffmpeg.PyAVCallbackError: Blame.PROGRAM,
}
"""Whose fault each of PyAV's errors is while a file is being read. Python's own errors, raised by a
file object, pass through FFmpeg as they are."""


def blame(error: Exception) -> Blame:
    """Whose fault an error is that came up while a file was being read."""
    if isinstance(error, FFmpegError):
        if error.errno == errno.EPERM:  # decoders return a bare -1 for damage
            return Blame.FILE
        return BLAME.get(type(error), Blame.PROGRAM)
    if isinstance(error, MemoryError):
        return Blame.MACHINE
    if isinstance(error, OSError) and error.errno:  # Pillow's own OSErrors have no errno
        return Blame.MACHINE
    return Blame.FILE


def is_memory_short(size: int) -> bool:
    """Whether so many bytes of memory cannot be had now.

    Where they can, and somebody got none for a file's headers, the headers asked for very much.
    """
    try:
        bytearray(size)
    except MemoryError:
        return True
    return False


@contextmanager
def reading(
    fault: Callable[[Exception], StoryreelError],
    *kinds: type[Exception],
) -> Iterator[None]:
    """Raise `fault(error)` instead of an error of these kinds that the file caused.

    All other errors pass as they are: our own, the machine's (MemoryError, and OSError with an
    errno), the program's, and errors of other kinds.
    """
    try:
        yield
    except StoryreelError:
        raise
    except kinds as error:
        if blame(error) is Blame.FILE:
            raise fault(error) from error
        raise
