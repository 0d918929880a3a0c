"""Many photos looked at by a Dask cluster that is there already.

What travels to it once is what it looks with: the networks' names, and the templates of those who
may be matched. Then the files' paths travel there, and what was seen comes back. Registry, names
and key stay with whoever asks.

Templates and what was seen are sealed with a key of this run, which no disk ever holds: Dask may
write what its workers keep to theirs. On the way they are only as safe as the connection, so one
without TLS is refused. When the run ends, in whatever way, the scheduler forgets what belongs to
it, and with it the workers do.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import functools
import ipaddress
import logging
import os
import pickle
import platform
import secrets
import ssl
import threading
import time
import urllib.parse
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Executor, Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from clearance.crew import Outfit, broken_down, eyes_for, look_for
from clearance.errors import ClusterError, ClusterRefusedError, told_as_bug, without_traces
from clearance.looking import Eyes
from clearance.settings import Settings
from clearance.tool_versions import looked_with, program_versions
from detector.errors import BackendMissingError
from detector.untrusted import printable

if TYPE_CHECKING:
    from clearance.album_sources import AlbumFile
    from clearance.looking import Before, Sight
    from clearance.zipped_album import ZippedAlbum

_SECONDS_BETWEEN_LOOKS_AT_IT = 5.0
_NONCE = 12
"""Bytes, as AES-GCM wants them (NIST SP 800-38D, 8.2); random ones do for 2**32 messages."""
_LOGGERS = ("distributed", "tornado", "bokeh", "asyncio")


@dataclasses.dataclass(frozen=True, slots=True)
class Tls:
    """PEM files by which scheduler and client know each other; None: as Dask is configured."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Cluster:
    """Looks at photos where the workers of a scheduler are.

    Attributes:
        scheduler: its address, `tls://HOST:PORT`; `tcp://` only to this computer.
        outfit: what is looked with.
        version: what `looking_version` says here; whoever would see something else is refused.
        tls: by what the two know each other.
        insecure: whether templates may travel where others can read them.
        patience: seconds in which the scheduler must answer and have a worker.
        without_workers: seconds after which a scheduler that lost all its workers is given up.
        equip: makes of the outfit what a worker looks with, there; a function of a module.
    """

    scheduler: str
    outfit: Outfit
    version: str
    tls: Tls = Tls()
    insecure: bool = False
    patience: float = 15.0
    without_workers: float = 120.0
    equip: Callable[[Outfit], Eyes] = eyes_for

    def __call__(self) -> Executor:
        """An executor whose `submit(work, file, before)` looks at the file, whatever the work is.

        Raises:
            ClusterError: the scheduler cannot be reached, or has no worker.
            ClusterRefusedError: a way is open to others, or a worker has another version.
            BackendMissingError: Dask is not installed here.
        """
        with contextlib.ExitStack() as closing:
            client = closing.enter_context(self._joined())
            key = AESGCM.generate_key(256)
            with warnings.catch_warnings():
                # It finds templates of a few thousand people large.
                warnings.simplefilter("ignore")
                # A task and no scattered data: what died with a worker is made again.
                kit = client.submit(
                    Kit, program_versions(), self.version, self._sealed(key), pure=False
                )
            return _Lookers(client, kit, key, self.without_workers, closing.pop_all())

    def threads(self) -> int:
        """How many photos the cluster looks at, at a time. Raises as the call does."""
        with self._joined() as client:
            return max(1, sum(map(int, client.nthreads().values())))

    def _sealed(self, key: bytes) -> bytes:
        # Of the settings, what a worker needs: not who the institution is.
        settings = self.outfit.settings
        needed = Settings(detection=settings.detection, models=settings.models)
        outfit = dataclasses.replace(self.outfit, settings=needed)
        return _sealed(key, (self.equip, outfit))

    @contextlib.contextmanager
    def _joined(self) -> Iterator[Any]:
        """A client of the scheduler that is fit to be trusted with templates."""
        _check_address(self.scheduler, insecure=self.insecure)
        distributed = _library()
        with _silent():
            client = self._client(distributed)
            try:
                self._check(client)
                yield client
            finally:
                client.close(timeout=self.patience)

    def _client(self, distributed: Any) -> Any:
        security = _security(distributed, self.tls) if self.scheduler.startswith("tls:") else None
        try:
            with warnings.catch_warnings():
                # It warns of other versions; what matters of them is refused.
                warnings.simplefilter("ignore")
                return distributed.Client(
                    self.scheduler,
                    timeout=self.patience,
                    set_as_default=False,
                    security=security,
                    # Nobody but the scheduler is spoken to.
                    direct_to_workers=False,
                )
        except Exception as error:
            raise ClusterError(
                "the scheduler {address} does not answer ({reason}): see that it runs, that the "
                "address is right, and, with tls://, the certificates",
                address=printable(self.scheduler),
                reason=type(error).__name__,
            ) from error

    def _check(self, client: Any) -> None:
        try:
            client.wait_for_workers(1, timeout=self.patience)
        except Exception as error:
            raise ClusterError(
                "the scheduler {address} has no worker: start some with dask worker",
                address=printable(self.scheduler),
            ) from error
        try:
            told = client.run(program_versions, on_error="return")
            ways = [*client.run_on_scheduler(_ways_in), *told]
        except Exception as error:
            raise _other_program(error) from error
        _check_programs(told, program_versions())
        if not self.insecure:
            _check_ways(ways)


class Kit:
    """What a worker looks with, as it travels: opened once by each worker, and never written down.

    A worker keeps it as long as the run that sent it is there.
    """

    def __init__(self, programs: Mapping[str, str], version: str, sealed: bytes) -> None:
        """Take what was sealed, and which versions must open it."""
        self._programs = programs
        self._version = version
        self._sealed = sealed
        self._lock = threading.Lock()
        self._opened: tuple[Eyes, dict[Path, ZippedAlbum]] | None = None

    def __reduce__(self) -> tuple[type[Kit], tuple[Mapping[str, str], str, bytes]]:
        """To another worker, or to a disk, goes what is sealed."""
        return Kit, (self._programs, self._version, self._sealed)

    def opened(self, key: bytes) -> tuple[Eyes, dict[Path, ZippedAlbum]]:
        """What is looked with, and the archives that are open already.

        Raises:
            ClusterRefusedError: this worker would see something else than whoever asks.
        """
        with self._lock:
            if self._opened is None:
                # First of all: what another version sealed might mean something else here.
                _check_programs({platform.node(): program_versions()}, self._programs)
                equip, outfit = _unsealed(key, self._sealed)
                eyes = _with_known_networks(equip, outfit)
                looked = looked_with(outfit.settings, eyes.detector, thorough=outfit.thorough)
                if looked != self._version:
                    raise ClusterRefusedError(
                        "a worker has other networks than this computer, or another table of "
                        "scores: put the same files there, under the same paths"
                    )
                self._opened = eyes, {}
            return self._opened


_networks: dict[str, Any] = {}
_networks_lock = threading.Lock()


def _with_known_networks(equip: Callable[[Outfit], Eyes], outfit: Outfit) -> Eyes:
    """The eyes for an outfit; networks that this process has loaded for one like it stay.

    A kit may come and go, and they take seconds to load. Nobody's templates are in them.
    """
    wanted = repr((equip, outfit.settings, outfit.thorough))
    with _networks_lock:
        if wanted not in _networks:
            eyes = equip(outfit)
            _networks.clear()
            _networks[wanted] = eyes.detector
            return eyes
        return Eyes(_networks[wanted], outfit.gallery, outfit.limits, grouping=outfit.grouping)


def look_there(kit: Kit, key: bytes, file: AlbumFile, before: Before | None) -> bytes:
    """Look at a file on a worker: what it shows, or the error that says why not, sealed.

    Nothing is raised: Dask would write it to its logs, with the name of the file.
    """
    try:
        eyes, archives = kit.opened(key)
        told: Sight | Exception = look_for(file, before, eyes, archives)
    except Exception as error:  # noqa: BLE001 - it is the verdict on this file
        told = _for_the_way(error)
    return _sealed(key, told)


def _from_anywhere(file: AlbumFile) -> AlbumFile:
    """The file by a path that means the same whatever folder a worker was started in."""
    if file.remote:
        return file
    root = file.root and Path(os.path.abspath(file.root))  # noqa: PTH100 - links stay as named
    return dataclasses.replace(file, path=Path(os.path.abspath(file.path)), root=root)  # noqa: PTH100


def _for_the_way(error: Exception) -> Exception:
    """The error, if it can travel; else what it says."""
    error = without_traces(error)
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own, a line before
    except Exception:  # noqa: BLE001 - errors of libraries fail in many ways
        return told_as_bug(error)
    return error


@dataclasses.dataclass(frozen=True, slots=True)
class _Asked:
    """A photo that is to be looked at, and the future of whoever waits for it."""

    file: AlbumFile
    before: Before | None
    told: Future[Sight]


class _Lookers(Executor):
    """Hands photos to the cluster; a photo that breaks workers is looked at again, alone.

    Dask gives a lost photo to the next worker, but it blames all that waited on a worker that died.
    So those it gave up wait until nothing else is under way, and only what is given up once more
    is at fault.
    """

    def __init__(
        self,
        client: Any,
        kit: Any,
        key: bytes,
        without_workers: float,
        leaving: contextlib.ExitStack,
    ) -> None:
        self._client = client
        self._leaving = leaving
        self._dask = client.get_executor(pure=False)
        self._kit = kit
        self._key = key
        self._without_workers = without_workers
        self._lock = threading.RLock()
        self._open: set[Future[Sight]] = set()
        self._under_way = 0
        self._suspects: collections.deque[_Asked] = collections.deque()
        self._held: list[_Asked] = []
        self._alone: Future[Sight] | None = None
        self._ended = threading.Event()
        self._lost: ClusterError | None = None
        threading.Thread(target=self._watch, daemon=True).start()

    def submit(self, _work: Callable[..., Any], /, *words: Any, **_more: Any) -> Future[Any]:
        """What the photo shows, once a worker has seen it."""
        told: Future[Sight] = Future()
        # It cannot be called back any more; when the run ends, all of it is.
        told.set_running_or_notify_cancel()
        with self._lock:
            self._open.add(told)
            file, before = words
            asked = _Asked(file, before, told)
            if self._alone:
                self._held.append(asked)
            else:
                self._begin(asked)
        return told

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Leave: the scheduler forgets what was asked, and the workers the templates."""
        self._ended.set()
        self._lose(ClusterError("the run has ended"))
        self._kit = None
        self._leaving.close()

    def _begin(self, asked: _Asked) -> None:
        self._under_way += 1
        try:
            if self._lost:
                raise self._lost
            file = _from_anywhere(asked.file)
            dask = self._dask.submit(look_there, self._kit, self._key, file, asked.before)
        except Exception as error:  # noqa: BLE001 - the connection, in the library's own words
            self._under_way -= 1
            self._lose(_lost(error))
            return
        dask.add_done_callback(functools.partial(self._ended_with, asked))

    def _ended_with(self, asked: _Asked, dask: Future[bytes]) -> None:
        """Called by the client's own thread, once for each photo that was begun."""
        outcome = self._outcome(dask)
        if not isinstance(outcome, Exception | None):
            looked = dataclasses.replace(outcome.looked, path=asked.file.path)
            outcome = dataclasses.replace(outcome, looked=looked)
        with self._lock:
            self._under_way -= 1
            was_alone = asked.told is self._alone
            if outcome is None and not was_alone:
                self._suspects.append(asked)
            elif isinstance(outcome, ClusterError):
                self._lose(outcome)
            else:
                self._tell(asked.told, outcome or broken_down())
            if was_alone:
                self._alone = None
            self._go_on()

    def _go_on(self) -> None:
        if self._under_way or self._alone:
            return
        if self._suspects:
            suspect = self._suspects.popleft()
            self._alone = suspect.told
            self._begin(suspect)
            return
        held, self._held = self._held, []
        for asked in held:
            self._begin(asked)

    def _outcome(self, dask: Future[bytes]) -> Sight | Exception | None:
        """What came back; None where the workers that looked died."""
        from distributed.scheduler import KilledWorker

        try:
            told: Sight | Exception = _unsealed(self._key, dask.result())
        except KilledWorker:
            return None
        except (CancelledError, OSError, InvalidTag) as error:
            return _lost(error)
        except Exception as error:  # noqa: BLE001 - what a worker does not know, it says in many ways
            return _other_program(error)
        return told

    def _tell(self, told: Future[Sight], outcome: Sight | Exception) -> None:
        if told not in self._open:
            return
        self._open.discard(told)
        if isinstance(outcome, Exception):
            told.set_exception(outcome)
        else:
            told.set_result(outcome)

    def _lose(self, error: ClusterError) -> None:
        with self._lock:
            self._lost = error
            for told in list(self._open):
                self._tell(told, error)

    def _watch(self) -> None:
        """Without any worker a photo would be waited for without end."""
        alone_since: float | None = None
        while not self._ended.wait(min(_SECONDS_BETWEEN_LOOKS_AT_IT, self._without_workers)):
            try:
                workers = self._client.nthreads()
            except Exception as error:  # noqa: BLE001 - in the library's own words
                self._lose(_lost(error))
                return
            now = time.monotonic()
            alone_since = None if workers else alone_since or now
            if alone_since is not None and now - alone_since >= self._without_workers:
                self._lose(
                    ClusterError(
                        "the cluster has lost all its workers: start them again, and then this "
                        "command, which goes on where it stood"
                    )
                )
                return


def _lost(error: Exception) -> ClusterError:
    if isinstance(error, ClusterError):
        return error
    return ClusterError(
        "the connection to the scheduler was lost ({reason}): see that it runs, and start this "
        "command again, which goes on where it stood",
        reason=type(error).__name__,
    )


def _other_program(error: Exception) -> ClusterRefusedError:
    return ClusterRefusedError(
        "the cluster does not know this program ({reason}): install photo-clearance[cluster] "
        "{version} on the scheduler and on every worker",
        reason=type(error).__name__,
        version=program_versions()["clearance"],
    )


def _check_programs(told: Mapping[str, Any], wanted: Mapping[str, str]) -> None:
    """What others would see differently is not believed.

    Args:
        told: by the address of each worker its `program_versions`, or why there are none.
        wanted: the versions here.

    Raises:
        ClusterRefusedError: a worker differs.
    """
    for worker, there in told.items():
        if not isinstance(there, Mapping):
            raise _other_program(there)
        for name, version in wanted.items():
            if there.get(name) != version:
                raise ClusterRefusedError(
                    "a worker {address} has {name} {there}, and here it is {version}: it might "
                    "see something else; install the same on all",
                    address=printable(worker),
                    name=name,
                    there=printable(str(there.get(name))),
                    version=version,
                )


def _check_address(address: str, *, insecure: bool) -> None:
    try:
        parts = urllib.parse.urlsplit(address)
        well_formed = bool(parts.scheme in {"tls", "tcp"} and parts.hostname and parts.port)
    except ValueError:
        well_formed = False
    if not well_formed:
        raise ClusterRefusedError(
            "{address} is no address of a scheduler: write tls://HOST:PORT",
            address=printable(address),
        )
    if not insecure:
        _check_ways([address])


def _check_ways(addresses: list[str]) -> None:
    """Templates travel on no way that others can read.

    Raises:
        ClusterRefusedError: one of the addresses is neither of TLS nor of this computer.
    """
    for address in addresses:
        parts = urllib.parse.urlsplit(address)
        if parts.scheme not in {"tls", "inproc"} and not _is_this_computer(parts.hostname or ""):
            raise ClusterRefusedError(
                "the connection to {address} is not encrypted, and who speaks to it may take the "
                "templates of the people enrolled: give the cluster certificates and use tls://; "
                "on one computer, start the scheduler with --host 127.0.0.1",
                address=printable(address),
            )


def _is_this_computer(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _ways_in(dask_scheduler: Any) -> list[str]:
    """Where the scheduler listens: called there."""
    return [one.contact_address for one in dask_scheduler.listeners]


def _library() -> Any:
    try:
        import distributed
    except ImportError as error:
        raise BackendMissingError(
            "a cluster needs a package that is not installed; install photo-clearance[cluster]"
        ) from error
    return distributed


def _security(distributed: Any, tls: Tls) -> Any:
    """What the client shows the scheduler, and by what it knows it."""
    given = {"tls_ca_file": tls.ca, "tls_client_cert": tls.cert, "tls_client_key": tls.key}
    try:
        security = distributed.Security(
            require_encryption=True, **{name: str(path) for name, path in given.items() if path}
        )
        if not (security.tls_ca_file and security.tls_client_cert):
            raise ClusterRefusedError(
                "tls:// needs certificates: name them with --tls-ca, --tls-cert and --tls-key, or "
                "in the configuration of Dask"
            )
        security.get_connection_args("client")
    except (OSError, ssl.SSLError, ValueError) as error:
        raise ClusterRefusedError(
            "the certificates for the cluster cannot be used ({reason}): name PEM files that this "
            "account may read",
            reason=getattr(error, "strerror", None) or type(error).__name__,
        ) from error
    return security


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """The library tells its logs, and so the terminal, where photos lie."""
    names = [name for name in logging.root.manager.loggerDict if name.split(".")[0] in _LOGGERS]
    muted = [one for one in map(logging.getLogger, {*names, *_LOGGERS}) if not one.disabled]
    try:
        for one in muted:
            one.disabled = True
        yield
    finally:
        for one in muted:
            one.disabled = False


def _sealed(key: bytes, told: object) -> bytes:
    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, pickle.dumps(told), None)


def _unsealed(key: bytes, sealed: bytes) -> Any:
    """What was sealed with the key of this run.

    Raises:
        InvalidTag: by somebody else.
    """
    packed = AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], None)
    return pickle.loads(packed)  # noqa: S301 - sealed by ourselves
