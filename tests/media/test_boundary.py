"""Whose fault a foreign library's error is: the machine's are never blamed on the story."""

import errno
from typing import Any

import av
import pytest
from av.error import FFmpegError

from daemon.errors import StoryreelError, UnreadableMedia
from daemon.media.boundary import BLAME, Blame, blame, reading

CLASSES = {
    value
    for value in vars(av.error).values()
    if isinstance(value, type) and issubclass(value, FFmpegError) and value is not FFmpegError
}
CODES: dict[int, Any] = av.error.classes
INVALID_DATA = next(code for code, kind in CODES.items() if kind is av.error.InvalidDataError)


def damaged(error: Exception) -> UnreadableMedia:
    return UnreadableMedia(f"damaged: {error}", "Copy it again.")


def of_ffmpeg(code: int) -> FFmpegError:
    """The error that PyAV raises for a code of FFmpeg's."""
    error: FFmpegError = CODES[code](code, "said FFmpeg")
    return error


def test_every_error_class_of_pyav_has_a_row_in_the_table() -> None:
    raised = {*CLASSES, *CODES.values()}
    assert raised - set(BLAME) == set()


@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_an_errno_is_the_machine_s_unless_a_damaged_file_can_cause_it(number: int) -> None:
    of_files = {
        errno.EPERM,
        errno.EINVAL,
        errno.EAGAIN,
        errno.EALREADY,
        errno.EINPROGRESS,
        errno.ENOSYS,
        errno.ERANGE,
    }
    assert (blame(of_ffmpeg(number)) is Blame.FILE) is (number in of_files)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(errno.EIO, "Input/output error"),
        of_ffmpeg(errno.ENOMEM),
        of_ffmpeg(errno.ESTALE),
        UnreadableMedia("without any sound", "Record it again."),
    ],
)
def test_the_machine_s_errors_and_our_own_pass_as_they_are(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, reading(damaged, Exception):
        raise error
    assert caught.value is error


@pytest.mark.parametrize(
    "error",
    [
        of_ffmpeg(INVALID_DATA),
        OSError("broken data stream"),  # Pillow raises it without an errno
        OSError(0, "no error of the system"),
        SyntaxError("broken PNG file"),
        KeyError("cmap"),
    ],
)
def test_an_error_that_the_file_caused_becomes_ours(error: Exception) -> None:
    with pytest.raises(StoryreelError) as caught, reading(damaged, Exception):
        raise error
    assert caught.value.__cause__ is error


def test_errors_of_kinds_that_were_not_named_pass() -> None:
    with pytest.raises(KeyError), reading(damaged, FFmpegError):
        raise KeyError("a fault of ours")
