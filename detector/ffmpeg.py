"""ffmpeg as a separate program: found, started under rules, watched, killed.

Decoders of video are large, old, and fed by strangers. In a child process that costs one file:
it has so much memory and may be silent for so long, sees no network, and dies with whoever asked.
`docs/adr/0003-video.md` says why it is this program.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import enum
import importlib.util
import io
import os
import platform
import queue
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from detector.errors import VideoToolMissingError
from detector.untrusted import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType

    from typing_extensions import Buffer

_PACKAGE = "imageio_ffmpeg"
_DISTRIBUTION = "imageio-ffmpeg"
_FILES = {
    ("linux", "x86_64"): "ffmpeg-linux-x86_64-v9.0.2",
    ("linux", "aarch64"): "ffmpeg-linux-aarch64-v9.0.2",
    ("darwin", "x86_64"): "ffmpeg-macos-x86_64-v9.0.2",
    ("darwin", "aarch64"): "ffmpeg-macos-aarch64-v9.0",
    ("win32", "x86_64"): "ffmpeg-win-x86_64-v9.0.2.exe",
    ("win32", "aarch64"): "ffmpeg-win-aarch64-v9.0.1.exe",
}
"""What version 0.8.1 of the package carries. Its build for 32-bit Windows is years older."""
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
_PICTURE_DECODERS = (
    *("h264", "hevc", "av1", "libdav1d", "vp8", "vp9", "mpeg4", "mpeg1video", "mpeg2video"),
    *(
        "h263",
        "msmpeg4v3",
        "msmpeg4",
        "mjpeg",
        "prores",
        "dnxhd",
        "cfhd",
        "dvvideo",
        "ffv1",
        "huffyuv",
    ),
    *("ffvhuff", "utvideo", "rawvideo", "qtrle", "gif", "webp", "webp_anim", "apng", "png"),
)
_SOUND_DECODERS = (
    *("aac", "mp3", "mp3float", "mp2", "mp2float", "ac3", "eac3", "dca", "opus", "vorbis"),
    *("flac", "alac", "amrnb", "amrwb", "adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt"),
    *("pcm_u8", "pcm_s8", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le"),
    *("pcm_s32be", "pcm_f32le", "pcm_f32be", "pcm_mulaw", "pcm_alaw", "pcm_bluray", "pcm_dvd"),
)
DECODERS = frozenset(_PICTURE_DECODERS)
"""What pictures may be coded as. ffmpeg has hundreds more, most of them for games of the nineties,
and a file chooses which one reads it."""
_NOT_LISTED = "not on whitelist"
_LONGEST_LINE = 4096
_LONGEST_REASON = 160
_LAST_LINES = 50
_PIPE_BYTES = 1 << 20
_SET_PIPE_SIZE = 1031  # fcntl's F_SETPIPE_SZ, which Python names on Linux only
# What a line says of the part of the program it comes from: a name and an address.
_FROM = re.compile(r"^(?:\[[^\]]{0,80}\] )+")
# What the encoder of AV1 says of itself, whatever level it is told.
_CHATTER = re.compile(r"^Svt\[(?:info|warn)\]:?")
_ADDRESS = re.compile(r" ?@ 0x[0-9a-f]+")


@dataclasses.dataclass(frozen=True, slots=True)
class ChildLimits:
    """What a child may cost.

    Attributes:
        seconds: so long may it be waited for without a byte, a line or an end.
        memory: bytes of its own data, kept on Linux only. The default holds 16 reference frames
            and the filters of the largest picture that is allowed, at 10 bits.
        threads: of its decoder. Each holds frames of its own.
    """

    seconds: float = 60.0
    memory: int = 4 * 1024**3
    threads: int = 4


class Why(enum.StrEnum):
    """Why the program did not do its work."""

    NOT_STARTED = "not_started"
    SLOW = "slow"
    """It was silent for longer than allowed, and was killed."""
    FAILED = "failed"
    """It ended with an error, or was ended by somebody."""


class FfmpegError(Exception):
    """The program did not do its work; `reason` is one line, safe to show, perhaps empty."""

    def __init__(self, why: Why, reason: str) -> None:
        super().__init__(f"{why}: {reason}")
        self.why: Final = why
        self.reason: Final = reason


def executable(own: Path | None = None) -> Path:
    """The program that is run: the one of the pinned package, or the institution's own.

    No search path and no environment variable has a say in it.

    Args:
        own: from the settings, an absolute path.

    Raises:
        VideoToolMissingError: it is not there.
    """
    if own is not None:
        if not own.is_absolute() or not own.is_file():
            raise VideoToolMissingError(
                "the ffmpeg of the settings, {path}, is not an absolute path of a program; "
                "correct [video] ffmpeg in clearance.toml, or leave it out",
                path=printable(str(own)),
            )
        return own
    # Looked up without running the package, which would read the environment.
    spec = importlib.util.find_spec(_PACKAGE)
    file = _FILES.get((sys.platform, _machine()))
    if spec is not None and spec.submodule_search_locations and file is not None:
        path = Path(next(iter(spec.submodule_search_locations))) / "binaries" / file
        if path.is_file():
            return path.absolute()
    raise VideoToolMissingError(
        "videos need the program ffmpeg, which {package} does not carry here; install {package} "
        "again, or name your own ffmpeg in clearance.toml, [video] ffmpeg",
        package=_DISTRIBUTION,
    )


def _machine() -> str:
    machine = platform.machine().lower()
    return _MACHINES.get(machine, machine)


def from_file(path: Path, demuxer: str) -> list[str]:
    """The arguments that open a local file as what it is, and nothing that it refers to.

    A path is never a pattern, an address or an option: its protocol is named, and the demuxer
    is not guessed from its name or content. Decoders other than the usual ones stay closed.

    Args:
        path: of a regular file.
        demuxer: ffmpeg's name of the only one that may read it.
    """
    return [
        *("-protocol_whitelist", "file"),
        *("-format_whitelist", demuxer),
        *("-codec_whitelist", ",".join((*_PICTURE_DECODERS, *_SOUND_DECODERS))),
        *("-f", demuxer),
        *("-i", to_file(path)),
    ]


def to_file(path: Path) -> str:
    """The argument that names a local file, whatever characters are in its name."""
    return f"file:{path.absolute()}"


class Ffmpeg:
    """One run of the program, as a context manager: on leaving, it is gone.

    Its error output is read by a thread, so that it never waits for us there; little of it is
    kept. While we wait for it, a second thread counts the seconds: a timer that kills works on
    every platform, and the read ends with the child.
    """

    def __init__(  # noqa: PLR0913 - named, and a run has that many sides
        self,
        arguments: Sequence[str],
        *,
        program: Path,
        feeds: bool = False,
        answers: bool = True,
        level: str = "error",
        mark: bytes = b"",
        kept: int = 64 * 1024,
        limits: ChildLimits | None = None,
        folder: Path | None = None,
    ) -> None:
        """Prepares a run; entering the context starts it.

        Args:
            arguments: without the program, and without what all runs have in common.
            program: from `executable`.
            feeds: whether `write` is used.
            answers: whether `read_into` or `read_all` is used; its output must then be read.
            level: of what it says on its error output.
            mark: bytes nobody else can know. A line with it is not an error: what follows it
                waits for `marked`.
            kept: bytes of error output, from its start; of what follows, the last lines.
            limits: what it may cost.
            folder: in which it runs, where files are named without theirs.
        """
        self._folder = folder
        self._command = [str(program), "-nostdin", "-hide_banner", "-loglevel", level, *arguments]
        self._feeds, self._answers = feeds, answers
        self._mark, self._kept = mark, kept
        self._limits = limits or ChildLimits()
        self._lines: list[bytes] = []
        self._last: collections.deque[bytes] = collections.deque(maxlen=_LAST_LINES)
        self._marked: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._waits_since: float | None = None
        self._heard_at = 0.0
        self._late = False
        self._left = threading.Event()

    def __enter__(self) -> Ffmpeg:
        """Starts it.

        Raises:
            FfmpegError: it could not be started.
        """
        try:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE if self._feeds else subprocess.DEVNULL,
                stdout=subprocess.PIPE if self._answers else subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                bufsize=0,
                env=_environment(),
                cwd=self._folder,
                # Ctrl-C is for us, who then kill it.
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise FfmpegError(Why.NOT_STARTED, reason) from error
        _limit_memory(self._process.pid, self._limits.memory)
        for pipe in (self._process.stdin, self._process.stdout):
            _widen(pipe)
        self._threads = [
            threading.Thread(target=work, daemon=True) for work in (self._listen, self._watch)
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._left.set()
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._process.wait()
        for thread in self._threads:
            thread.join()

    def write(self, data: Buffer) -> None:
        """Gives it bytes, all of them.

        Raises:
            FfmpegError: it takes no more.
        """
        pipe = self._process.stdin
        assert pipe is not None  # noqa: S101 - for the type checker
        rest = memoryview(data).cast("B")
        try:
            while rest:
                with self._waiting():
                    written = pipe.write(rest)
                rest = rest[written:]
        except OSError as error:
            self._end()
            raise self._failure() from error

    def read_into(self, buffer: Buffer) -> int:
        """Fills the buffer; the number of bytes is smaller only where its output ends."""
        pipe = self._process.stdout
        assert pipe is not None  # noqa: S101 - for the type checker
        view = memoryview(buffer).cast("B")
        filled = 0
        while filled < len(view):
            with self._waiting():
                count = pipe.readinto(view[filled:])  # type: ignore[attr-defined]
            if not count:
                break
            filled += count
        return filled

    def lines(self) -> Iterator[bytes]:
        """Its output line by line, none longer than 4096 bytes."""
        pipe = self._process.stdout
        assert pipe is not None  # noqa: S101 - for the type checker
        reader = io.BufferedReader(pipe)  # type: ignore[type-var]
        while True:
            with self._waiting():
                line = reader.readline(_LONGEST_LINE)
            if not line:
                return
            yield line

    def read_all(self, most: int) -> bytes:
        """Its output to the end, and that it ended well.

        Raises:
            FfmpegError: it failed, or wrote more than `most` bytes.
        """
        buffer = bytearray(most + 1)
        count = self.read_into(buffer)
        if count > most:
            raise FfmpegError(Why.FAILED, "more output than expected")
        self.finish()
        return bytes(buffer[:count])

    def marked(self) -> bytes | None:
        """What follows the mark in the next line that has one; None where no more come."""
        try:
            return self._marked.get(timeout=self._limits.seconds)
        except queue.Empty:
            return None

    def finish(self) -> None:
        """Waits for its end; whatever it was fed is complete.

        Raises:
            FfmpegError: it failed, or did not end in time.
        """
        self._end()
        if self._late or self._process.returncode != 0:
            raise self._failure()

    @property
    def said(self) -> tuple[str, ...]:
        """Lines of its error output without those that are marked; complete after the end."""
        lines = [*self._lines, *self._last]
        return tuple(line.decode("utf-8", "replace").rstrip("\r\n") for line in lines)

    def _end(self) -> None:
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        with self._waiting():
            self._process.wait()
        self._threads[0].join()

    def _failure(self) -> FfmpegError:
        if self._late:
            return FfmpegError(Why.SLOW, f"{self._limits.seconds:g}")
        return FfmpegError(Why.FAILED, self._reason())

    def _reason(self) -> str:
        """Its first words: what follows are the consequences."""
        for line in self.said:
            words = " ".join(_ADDRESS.sub("", _FROM.sub("", line)).split())
            if words and _NOT_LISTED not in words and not _CHATTER.match(words):
                return printable(words)[:_LONGEST_REASON]
        code = self._process.returncode
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    @contextlib.contextmanager
    def _waiting(self) -> Iterator[None]:
        self._waits_since = time.monotonic()
        try:
            yield
        finally:
            self._waits_since = None

    def _watch(self) -> None:
        pause = min(0.25, self._limits.seconds / 4)
        while not self._left.wait(pause):
            since = self._waits_since
            if since is None:
                continue
            if time.monotonic() - max(since, self._heard_at) > self._limits.seconds:
                self._late = True
                self._process.kill()
                return

    def _listen(self) -> None:
        pipe = self._process.stderr
        assert pipe is not None  # noqa: S101 - for the type checker
        with io.BufferedReader(pipe) as reader:  # type: ignore[type-var]
            while line := reader.readline(_LONGEST_LINE):
                self._heard_at = time.monotonic()
                before, mark, after = line.partition(self._mark or b"\0\0")
                if mark:
                    self._marked.put(after)
                    line = before  # another line, into which it ran
                if line:
                    self._keep(line)
        self._marked.put(None)

    def _keep(self, line: bytes) -> None:
        if self._kept > 0:
            self._kept -= len(line)
            self._lines.append(line)
        else:
            self._last.append(line)


def _environment() -> dict[str, str]:
    # The program takes log files, presets, proxies and libraries from the environment.
    needed = ("SYSTEMROOT", "TEMP", "TMP", "TMPDIR")
    return {name: os.environ[name] for name in needed if name in os.environ}


def _limit_memory(child: int, most: int) -> None:
    if sys.platform != "linux":
        # macOS takes limits and does not keep them; Windows has job objects only.
        return
    import resource

    with contextlib.suppress(OSError):  # it may have ended already
        # Not the address space: each thread reserves a lot of it and uses little.
        resource.prlimit(child, resource.RLIMIT_DATA, (most, most))
        # The core of a process that was broken would hold the pictures.
        resource.prlimit(child, resource.RLIMIT_CORE, (0, 0))


def _widen(pipe: object) -> None:
    """Fewer changes between the two processes for each frame; where that is not possible, more."""
    if sys.platform != "linux" or not isinstance(pipe, io.RawIOBase):
        return
    import fcntl

    with contextlib.suppress(OSError):
        fcntl.fcntl(pipe.fileno(), _SET_PIPE_SIZE, _PIPE_BYTES)
