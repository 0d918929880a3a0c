"""Workers elsewhere look, one decides: nothing is lost, nothing is left there, nothing is open."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import pickle
import signal
import socket
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from PIL import Image

from clearance import cluster as cluster_module
from clearance.album import clear_files, clear_looked
from clearance.album_sources import AlbumFile, AlbumSources
from clearance.clear import House
from clearance.cluster import Cluster, Kit, Tls
from clearance.commandline import detector_for, today
from clearance.crew import Crew, Here, Outfit, Processes
from clearance.errors import ClusterError, ClusterRefusedError, LookBrokenError
from clearance.looking import Looked, Sight
from clearance.settings import Detection, Institution, Settings
from clearance.tool_versions import looking_version, program_versions
from clearance.use import IntendedUse
from detector.errors import BackendMissingError, PhotoUnreadableError
from detector.matching import Gallery
from tests.clearance.cluster_eyes import ENROLLED, LIMITS, light_eyes, light_version
from tests.commands import SAMPLES

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")

SETTINGS = Settings(Institution("Hôpital du Lac"))
OUTFIT = Outfit(SETTINGS, ENROLLED, LIMITS)


@pytest.fixture(scope="module")
def processes() -> Iterator[Any]:
    """Two workers, each a process."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
    ) as local:
        yield local


@contextlib.contextmanager
def in_this_process(**more: Any) -> Iterator[Any]:
    """A scheduler and a worker that start at once."""
    with distributed.LocalCluster(
        **{
            "n_workers": 1,
            "threads_per_worker": 1,
            "processes": False,
            "protocol": "tcp://",
            "host": "127.0.0.1",
            "dashboard_address": "127.0.0.1:0",
            **more,
        }
    ) as local:
        yield local


@pytest.fixture
def local() -> Iterator[Any]:
    with in_this_process() as local:
        yield local


def lit(local: Any, **more: Any) -> Cluster:
    """The cluster with what its workers need to see one face in every picture."""
    return Cluster(
        **{
            "scheduler": local.scheduler_address,
            "outfit": OUTFIT,
            "version": light_version(),
            "equip": light_eyes,
            **more,
        }
    )


def pictures(folder: Path, *names: str) -> list[AlbumFile]:
    """Each of another width."""
    for number, name in enumerate(names):
        Image.new("RGB", (20 + number, 20)).save(folder / name)
    return [AlbumFile(folder / name) for name in names]


def looks(cluster: Callable[[], Any], files: list[AlbumFile], jobs: int = 2) -> list[Any]:
    with Crew(jobs, cluster) as crew:
        return list(crew.look(files))


def seen(found: list[Any]) -> list[Looked]:
    return [one.looked for one in found]


def told(found: list[Any]) -> list[str]:
    return [one.looked.path.name if isinstance(one, Sight) else type(one).__name__ for one in found]


def test_real_networks_on_a_cluster_see_what_they_see_here(
    processes: Any, demo_registry: Path, tmp_path: Path
) -> None:
    from consent.registry import Registry

    names = ("canteen.jpg", "ward-opening.jpg")
    files = [AlbumFile(SAMPLES / name) for name in names if (SAMPLES / name).is_file()]
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no picture")
    files += [AlbumFile(broken), AlbumFile(tmp_path / "absent.jpg")]
    detector = detector_for(Settings(), at_once=False)
    use = IntendedUse(("website",), today())
    with Registry.open(demo_registry, Settings().consent) as registry:
        house = House.open(Settings(), detector, registry, today())
        assert len(house.eyes.gallery)
        outfit = Outfit(Settings(), house.eyes.gallery, house.eyes.limits)
        there = Cluster(processes.scheduler_address, outfit, looking_version(house))
        assert there.threads() == 2
        with Crew(2, there) as crew:
            results = list(clear_looked(files, crew, use, house))
        with Crew(1, lambda: Here(house.eyes)) as crew:
            here = list(clear_looked(files, crew, use, house))
    assert sum(len(result.faces) for result in here) > 1
    for result, expected in zip(results, here, strict=True):
        assert str(result.problem) == str(expected.problem)
        assert (result.outcome, result.faces) == (expected.outcome, expected.faces)


def test_a_path_means_the_same_wherever_a_worker_was_started(
    processes: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures(tmp_path, "a.png", "b.png")
    with zipfile.ZipFile(tmp_path / "album.zip", "w") as archive:
        archive.write(tmp_path / "b.png", "b.png")
    monkeypatch.chdir(tmp_path)
    with AlbumSources(["a.png", "album.zip"]) as sources:
        found = looks(lit(processes), list(sources.files))
    assert [one.looked.path for one in found] == [Path("a.png"), Path("album.zip/b.png")]
    assert [one.looked.width for one in found] == [20, 21]


@posix
def test_a_worker_that_is_killed_loses_and_doubles_nothing(processes: Any, tmp_path: Path) -> None:
    files = pictures(tmp_path, *(f"{number}.png" for number in range(40)))
    with Crew(2, lit(processes)) as crew:
        coming = crew.look(files)
        found = [next(coming)]
        os.kill(next(iter(processes.workers.values())).pid, signal.SIGKILL)
        found += coming
    assert told(found) == [file.path.name for file in files]
    assert [one.looked.width for one in found if isinstance(one, Sight)] == [
        20 + number for number in range(40)
    ]
    expected = looks(lambda: Here(light_eyes(OUTFIT)), files, 1)
    assert seen(found) == seen(expected)


@posix
def test_only_the_photo_that_kills_its_workers_is_blamed(processes: Any, tmp_path: Path) -> None:
    names = [f"{number}.png" for number in range(6)]
    names[2] = "killer.png"
    files = pictures(tmp_path, *names)
    before = processes.scheduler.allowed_failures
    # So Dask blames all that wait on a worker that dies, at once.
    processes.scheduler.allowed_failures = 0
    try:
        found = looks(lit(processes), files, 6)
    finally:
        processes.scheduler.allowed_failures = before
    assert told(found) == [*names[:2], LookBrokenError.__name__, *names[3:]]


def test_what_cannot_be_judged_says_why_and_stops_nothing(local: Any, tmp_path: Path) -> None:
    files = pictures(tmp_path, "a.png", "b.png")
    (tmp_path / "broken.png").write_bytes(b"no picture")
    files.insert(1, AlbumFile(tmp_path / "broken.png"))
    found = looks(lit(local), files)
    assert told(found) == ["a.png", PhotoUnreadableError.__name__, "b.png"]
    assert "broken.png" in str(found[1])


def test_what_is_kept_of_an_error_has_no_traceback(tmp_path: Path) -> None:
    """Dask teaches copies of errors to have theirs, and with it what was in memory."""
    (tmp_path / "empty.jpg").touch()
    house = House.open(Settings(), detector_for(Settings(), at_once=False), None, today())
    (failed,) = clear_files([tmp_path / "empty.jpg"], IntendedUse(("website",), today()), house)
    problem: Any = failed.problem
    for error in (problem, problem.values["cause"]):
        assert (error.__traceback__, error.__cause__, error.__context__) == (None, None, None)


def test_nothing_is_left_behind(local: Any, tmp_path: Path) -> None:
    """Scheduler and worker are in this process, so whatever they keep is found."""
    files = pictures(tmp_path, "a.png", "b.png")
    gc.collect()
    before = sum(isinstance(one, Gallery | Kit | Looked) for one in gc.get_objects())
    found = looks(lit(local), files)
    assert len(found) == 2
    # A new client is answered after all that the old one asked was forgotten.
    with distributed.Client(local.scheduler_address, set_as_default=False) as client:
        client.submit(len, ()).result()
        assert not [key for key in client.has_what() if "Kit" in str(key)]
    del found
    gc.collect()
    after = sum(isinstance(one, Gallery | Kit | Looked) for one in gc.get_objects())
    assert after <= before
    assert not [key for key in local.scheduler.tasks if str(key).startswith(("Kit", "look"))]


def test_what_dask_writes_to_a_disk_is_sealed(tmp_path: Path) -> None:
    templates = [row.tobytes() for row in ENROLLED.means]
    kept = tmp_path / "spilled"
    # Whatever a worker keeps goes to its disk, at once.
    with (
        dask.config.set({"distributed.worker.memory.target": 1e-12}),
        in_this_process(local_directory=str(kept), memory_limit="4GiB") as local,
        distributed.Client(local.scheduler_address, set_as_default=False) as client,
    ):
        in_the_clear = client.submit(list, templates, pure=False)
        assert in_the_clear.result() == templates
        with Crew(1, lit(local)) as crew:
            coming = crew.look(pictures(tmp_path, "a.png", "b.png"))
            assert isinstance(next(coming), Sight)
            written = [path.read_bytes() for path in kept.rglob("*") if path.is_file()]
            assert isinstance(next(coming), Sight)
    holding = [data for data in written if any(row in data for row in templates)]
    # The list that another program left in the clear is found, and nothing else.
    assert len(holding) == 1
    assert any(b"Kit" in data and b"clearance.cluster" in data for data in written)


def test_a_kit_that_travels_on_takes_only_what_is_sealed() -> None:
    key = AESGCM.generate_key(256)
    sealed = cluster_module._sealed(key, (light_eyes, OUTFIT))
    kit = Kit(program_versions(), light_version(), sealed)
    eyes, _ = kit.opened(key)
    assert eyes.gallery.people == ENROLLED.people
    travelling = pickle.dumps(kit)
    assert ENROLLED.means[0].tobytes() not in travelling
    assert pickle.loads(travelling).opened(key)[0].gallery.people == ENROLLED.people


def test_the_institution_stays_at_home() -> None:
    """A worker needs to know which networks, not whose they are."""
    key = AESGCM.generate_key(256)
    sealed = Cluster("tcp://127.0.0.1:1", OUTFIT, "")._sealed(key)
    _, outfit = cluster_module._unsealed(key, sealed)
    assert outfit.settings.institution == Institution()
    assert outfit.settings.detection == SETTINGS.detection


def test_networks_are_loaded_once_and_galleries_with_each_run() -> None:
    key = AESGCM.generate_key(256)
    seen = []
    for gallery in (ENROLLED, Gallery.empty()):
        sealed = cluster_module._sealed(key, (light_eyes, Outfit(SETTINGS, gallery, LIMITS)))
        kit = Kit(program_versions(), light_version(), sealed)
        eyes, _ = kit.opened(key)
        assert kit.opened(key)[0] is eyes
        seen.append(eyes)
    assert seen[0].detector is seen[1].detector
    assert [len(eyes.gallery) for eyes in seen] == [3, 0]


@pytest.mark.parametrize("name", ["clearance", "numpy", "onnxruntime", "python"])
def test_a_worker_of_another_version_is_refused(
    local: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    client_has = {**program_versions(), name: "0.0.1"}
    monkeypatch.setattr(cluster_module, "_check_programs", _as_if(client_has))
    with pytest.raises(ClusterRefusedError, match=rf"has {name} .* and here it is 0\.0\.1"):
        lit(local)()


def _as_if(client_has: dict[str, str]) -> Callable[..., None]:
    """Workers and client share this process; so the client says that it has something else."""
    check = cluster_module._check_programs
    return lambda told, _: check(told, client_has)


def test_a_worker_that_joins_later_is_refused_as_well() -> None:
    key = AESGCM.generate_key(256)
    sealed = cluster_module._sealed(key, (light_eyes, OUTFIT))
    other = Kit({**program_versions(), "pillow": "0.0.1"}, light_version(), sealed)
    with pytest.raises(ClusterRefusedError, match="pillow"):
        other.opened(key)


def test_other_networks_are_refused_and_end_the_run(local: Any, tmp_path: Path) -> None:
    thorough = Settings(detection=Detection(thorough=True))
    files = pictures(tmp_path, "a.png", "b.png", "c.png")
    found = looks(lit(local, version=light_version(thorough)), files)
    assert told(found) == [ClusterRefusedError.__name__] * 3
    assert "other networks" in str(found[0])


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_a_scheduler_that_does_not_answer_is_told_in_one_line() -> None:
    absent = Cluster(f"tcp://127.0.0.1:{free_port()}", OUTFIT, "", patience=0.3)
    with pytest.raises(ClusterError, match="does not answer") as caught:
        absent()
    assert len(str(caught.value).splitlines()) == 1
    assert not isinstance(caught.value, ClusterRefusedError)


def test_a_cluster_without_workers_is_told() -> None:
    with (
        in_this_process(n_workers=0) as local,
        pytest.raises(ClusterError, match="has no worker"),
    ):
        lit(local, patience=0.3)()


def test_a_cluster_that_loses_all_its_workers_is_not_waited_for(local: Any, tmp_path: Path) -> None:
    files = pictures(tmp_path, "a.png", "b.png", "c.png")
    with Crew(1, lit(local, without_workers=0.2)) as crew:
        coming = crew.look(files)
        assert isinstance(next(coming), Sight)
        local.scale(0)
        local.sync(local._correct_state)
        rest = list(coming)
    assert told(rest) == [ClusterError.__name__] * 2
    assert "lost all its workers" in str(rest[0])


def test_a_scheduler_that_ends_is_told_and_what_was_seen_is_kept(tmp_path: Path) -> None:
    files = pictures(tmp_path, "a.png", "b.png", "c.png")
    with contextlib.ExitStack() as running:
        local = running.enter_context(in_this_process())
        with Crew(1, lit(local, patience=0.5)) as crew:
            coming = crew.look(files)
            assert isinstance(next(coming), Sight)
            running.close()
            rest = list(coming)
    assert [isinstance(one, ClusterError) for one in rest] == [True, True]


@pytest.mark.parametrize(
    "address",
    ["tcp://cluster.example:8786", "tcp://10.0.0.7:8786", "tcp://[2001:db8::7]:8786"],
)
def test_templates_do_not_travel_where_others_can_read_them(address: str) -> None:
    with pytest.raises(ClusterRefusedError, match="not encrypted"):
        Cluster(address, OUTFIT, "")()


def test_somebody_may_allow_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ClusterError, match="does not answer") as caught:
        Cluster("tcp://192.0.2.1:8786", OUTFIT, "", insecure=True, patience=0.1)()
    assert not isinstance(caught.value, ClusterRefusedError)


@pytest.mark.parametrize("address", ["cluster:8786", "tls://cluster", "ws://a:1", "tls://a:x", ""])
def test_what_is_no_address_is_told(address: str) -> None:
    with pytest.raises(ClusterRefusedError, match="tls://HOST:PORT"):
        Cluster(address, OUTFIT, "", insecure=True)()


@pytest.mark.skipif(sys.platform != "linux", reason="needs a second address of this computer")
def test_a_scheduler_that_others_can_reach_is_refused(tmp_path: Path) -> None:
    """It is asked through the loopback, and its workers would not be."""
    with in_this_process(host="0.0.0.0") as local:
        address = f"tcp://127.0.0.1:{local.scheduler_address.rpartition(':')[2]}"
        if local.scheduler.listeners[0].contact_address.startswith("tcp://127."):
            pytest.skip("this computer has no other address")
        with pytest.raises(ClusterRefusedError, match="not encrypted"):
            lit(local, scheduler=address)()
        files = pictures(tmp_path, "a.png")
        assert told(looks(lit(local, scheduler=address, insecure=True), files)) == ["a.png"]


@pytest.fixture
def certificates(tmp_path: Path) -> tuple[Any, Tls]:
    """One for all roles, as a scheduler takes it, and as files."""
    security = distributed.Security.temporary()
    tls = Tls(tmp_path / "ca.pem", tmp_path / "cert.pem", tmp_path / "key.pem")
    assert tls.ca and tls.cert and tls.key
    tls.ca.write_text(security.tls_ca_file)
    tls.cert.write_text(security.tls_client_cert)
    tls.key.write_text(security.tls_client_key)
    return security, tls


def test_a_cluster_with_certificates(certificates: tuple[Any, Tls], tmp_path: Path) -> None:
    security, tls = certificates
    files = pictures(tmp_path, "a.png")
    with in_this_process(protocol="tls://", security=security) as local:
        assert local.scheduler_address.startswith("tls://")
        assert told(looks(lit(local, tls=tls), files)) == ["a.png"]
        with dask.config.set(
            {
                "distributed.comm.tls.ca-file": str(tls.ca),
                "distributed.comm.tls.client.cert": str(tls.cert),
                "distributed.comm.tls.client.key": str(tls.key),
            }
        ):
            assert told(looks(lit(local), files)) == ["a.png"]
        others = distributed.Security.temporary()
        assert tls.ca and tls.cert and tls.key
        tls.cert.write_text(others.tls_client_cert)
        tls.key.write_text(others.tls_client_key)
        with pytest.raises(ClusterError, match="does not answer"):
            lit(local, tls=tls, patience=0.5)()


def test_certificates_that_are_missing_or_wrong_are_told(tmp_path: Path) -> None:
    with pytest.raises(ClusterRefusedError, match="--tls-ca"):
        Cluster("tls://127.0.0.1:1", OUTFIT, "")()
    absent = Tls(*(tmp_path / name for name in ("ca.pem", "cert.pem", "key.pem")))
    with pytest.raises(ClusterRefusedError, match="cannot be used"):
        Cluster("tls://127.0.0.1:1", OUTFIT, "", tls=absent)()


def test_logs_tell_nobody_where_photos_lie(
    local: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    muted = logging.getLogger("distributed.worker")
    assert not muted.disabled
    (tmp_path / "Jane Doe").mkdir()
    files = pictures(tmp_path / "Jane Doe", "a.png")
    files.append(AlbumFile(tmp_path / "Jane Doe" / "absent.png"))
    assert len(looks(lit(local), files)) == 2
    printed = capfd.readouterr()
    assert "Doe" not in printed.out + printed.err
    assert not muted.disabled


def test_without_dask_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(BackendMissingError, match=r"install photo-clearance\[cluster\]"):
        Cluster("tcp://127.0.0.1:8786", OUTFIT, "")()


def test_a_cluster_is_asked_like_processes(local: Any) -> None:
    """What stands in a crew's place of processes must give what they give."""
    assert callable(lit(local))
    assert callable(Processes(1, OUTFIT))
    executor = lit(local)()
    executor.shutdown(wait=True, cancel_futures=True)
    with pytest.raises(ClusterError):
        executor.submit(print, AlbumFile(Path("a.png")), None).result()
