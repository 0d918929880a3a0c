"""How the desk is started, from the command line and as a server; and who gets an account."""

from __future__ import annotations

import datetime as dt
import http.client
import ipaddress
import os
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from typer.testing import CliRunner, Result

import cli
from clearance.commandline import ExitCode
from review import serving
from review.accounts import Accounts
from review.desk import Desk
from review.errors import DeskRefusedError
from review.roles import Role
from review.serving import Listening, address_of, bound, check
from tests.commands import begun, run
from tests.review.office import PASSWORD, Office


def write_certificate(folder: Path, *, password: bytes | None = None) -> tuple[Path, Path]:
    """A certificate for this computer, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "desk")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    paths = folder / "desk.pem", folder / "desk.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    hidden = (
        serialization.BestAvailableEncryption(password)
        if password
        else serialization.NoEncryption()
    )
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden)
    )
    return paths


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "registry")


@pytest.fixture
def team(desk: Desk) -> Desk:
    """One where people have passwords."""
    desk.accounts.add("erika", "Erika Muster", PASSWORD, [Role.ADMINISTRATOR])
    return desk


# --- where it may be reached ------------------------------------------------------------


def test_alone_on_this_computer_nothing_is_needed(desk: Desk) -> None:
    for host in ("127.0.0.1", "127.0.0.5", "::1", "localhost"):
        check(Listening(host), desk)


@pytest.mark.parametrize("host", ["192.0.2.1", "desk.example.org", "2001:db8::1", "127.0.0.1.evil"])
def test_others_reach_it_encrypted_and_with_passwords_only(
    desk: Desk, tmp_path: Path, host: str
) -> None:
    certificate, key = write_certificate(tmp_path)
    with pytest.raises(DeskRefusedError, match="in the clear"):
        check(Listening(host), desk)
    with pytest.raises(DeskRefusedError, match="nobody has a password"):
        check(Listening(host, certificate=certificate, key=key), desk)
    desk.accounts.add("erika", "Erika Muster", PASSWORD, [Role.ADMINISTRATOR])
    with pytest.raises(DeskRefusedError, match="in the clear"):
        check(Listening(host), desk)
    with pytest.raises(DeskRefusedError, match="between the proxy and the desk"):
        check(Listening(host, origin="https://desk.example.org"), desk)
    check(Listening(host, certificate=certificate, key=key), desk)


def test_behind_a_proxy_people_have_passwords(desk: Desk) -> None:
    with pytest.raises(DeskRefusedError, match="nobody has a password"):
        check(Listening(origin="https://desk.example.org"), desk)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", ""])
def test_every_address_needs_one_that_browsers_know(team: Desk, tmp_path: Path, host: str) -> None:
    certificate, key = write_certificate(tmp_path)
    with pytest.raises(DeskRefusedError, match="every address"):
        check(Listening(host, certificate=certificate, key=key), team)
    named = Listening(host, None, certificate, key, "https://desk.example.org:8477")
    check(named, team)
    address = address_of(named, 8477)
    assert address.origins == ("https://desk.example.org:8477",)
    # Nobody stands between: addresses tell clients apart.
    assert not address.proxied


@pytest.mark.parametrize(
    "origin",
    [
        "http://desk.example.org",
        "desk.example.org",
        "https://",
        "https://user@desk.example.org",
        "https://desk.example.org/clearance",
        "https://desk.example.org?x",
        "https://desk.example.org#x",
        "https://desk.example.org:port",
        "https://dés.example.org",
        "javascript:alert(1)",
    ],
)
def test_an_origin_is_a_name_and_nothing_else(team: Desk, origin: str) -> None:
    with pytest.raises(DeskRefusedError, match="--origin"):
        check(Listening(origin=origin), team)


@pytest.mark.parametrize(
    ("listening", "port", "origin"),
    [
        (Listening(), 8477, "http://127.0.0.1:8477"),
        (Listening("localhost"), 8477, "http://127.0.0.1:8477"),
        (Listening(), 80, "http://127.0.0.1"),
        (Listening("0:0:0:0:0:0:0:1"), 8477, "http://[::1]:8477"),
        (Listening("DESK.example.org", certificate=Path("a.pem")), 443, "https://desk.example.org"),
        (Listening(origin="https://Desk.Example.org:443/"), 8477, "https://desk.example.org"),
        (Listening(origin="https://[2001:DB8::1]:8443"), 1, "https://[2001:db8::1]:8443"),
    ],
)
def test_it_has_one_name_as_browsers_write_it(listening: Listening, port: int, origin: str) -> None:
    assert address_of(listening, port).origins == (origin,)


def test_a_certificate_that_cannot_be_used_is_refused(desk: Desk, tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path, password=b"of its own")
    for named in (
        Listening(certificate=certificate, key=key),
        Listening(certificate=tmp_path / "nothing.pem"),
        Listening(certificate=certificate),
    ):
        with pytest.raises(DeskRefusedError, match="cannot be used"):
            check(named, desk)
    with pytest.raises(DeskRefusedError, match="--certificate too"):
        check(Listening(key=key), desk)


def test_a_port_that_is_taken_is_said_or_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    with bound(Listening(port=0)) as first:
        taken = first.getsockname()[1]
        with pytest.raises(DeskRefusedError, match="cannot listen"):
            bound(Listening(port=taken))
        monkeypatch.setattr(serving, "PORT", taken)
        with bound(Listening()) as second:
            assert second.getsockname()[1] != taken


def test_a_browser_that_is_faster_than_the_start_waits() -> None:
    with bound(Listening(port=0)) as listening:
        socket.create_connection(listening.getsockname(), timeout=5).close()


def test_encrypted_it_is_the_same_desk(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path)
    office = Office.at(tmp_path / "registry")
    office.account(Role.EDITOR, name="erika")
    trusted = ssl.create_default_context(cafile=str(certificate))
    with office.open(Listening(certificate=certificate, key=key)) as opened:
        parts = urlsplit(opened.origin)
        assert parts.scheme == "https"
        line = http.client.HTTPSConnection(parts.netloc, context=trusted, timeout=20)
        sent = f"name=erika&password={PASSWORD.replace(' ', '+')}"
        headers = {
            "Origin": opened.origin,
            "Content-Type": "application/x-www-form-urlencoded",
        }
        line.request("POST", "/sign-in", sent, headers)
        answer = line.getresponse()
        answer.read()
        assert answer.status == 303
        cookie = str(answer.getheader("Set-Cookie")).partition(";")[0]
        assert cookie.startswith("__Host-clearance=")
        line.request("GET", "/help", headers={"Cookie": cookie})
        assert line.getresponse().status == 200
        line.close()
        # Neither in the clear, nor as somebody else.
        plain = http.client.HTTPConnection(parts.netloc, timeout=20)
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            plain.request("GET", "/help")
            plain.getresponse()
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        with pytest.raises(ssl.SSLError):
            http.client.HTTPSConnection(parts.netloc, context=old, timeout=20).request("GET", "/")


# --- the commands -----------------------------------------------------------------------


@pytest.fixture
def started(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """`clearance desk`, in a process of its own."""
    process = begun("desk", "--no-browser", "--registry", tmp_path / "registry")
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.skipif(os.name == "nt", reason="Windows delivers no SIGINT to one process")
def test_it_says_where_it_is_lets_one_browser_in_and_stops(
    started: subprocess.Popen[str],
) -> None:
    assert started.stdout
    address = ""
    while not address.startswith("http"):
        address = started.stdout.readline().strip()
    parts = urlsplit(address)
    assert parts.hostname == "127.0.0.1"
    token = parts.query.partition("=")[2]
    answers = []
    for _ in range(2):
        line = http.client.HTTPConnection(parts.netloc, timeout=30)
        line.request("GET", f"{parts.path}?{parts.query}")
        answer = line.getresponse()
        answer.read()
        answers.append((answer.status, answer.getheader("Location")))
    assert answers == [(303, "/"), (403, None)]
    started.send_signal(signal.SIGINT)
    out, err = started.communicate(timeout=60)
    assert started.returncode == ExitCode.INTERRUPTED
    assert token not in out + err
    assert "Traceback" not in err


def test_it_is_not_opened_to_others_by_a_mistake(tmp_path: Path) -> None:
    registry = ("--registry", tmp_path / "registry", "--no-browser")
    told = run("desk", "--host", "0.0.0.0", *registry).assert_exit(ExitCode.USAGE)
    assert "--origin" in told.result.stderr
    told = run("desk", "--host", "192.0.2.1", *registry).assert_exit(ExitCode.USAGE)
    assert "in the clear" in told.result.stderr
    certificate, key = write_certificate(tmp_path)
    encrypted = ("--certificate", certificate, "--key", key)
    told = run("desk", "--host", "192.0.2.1", *encrypted, *registry).assert_exit(ExitCode.USAGE)
    assert "desk-account" in told.result.stderr


def make_account(folder: Path, *words: str, password: str = PASSWORD) -> Result:
    """`clearance desk-account`, with the password on standard input."""
    arguments = ["desk-account", *words, "--registry", str(folder)]
    return CliRunner().invoke(cli.app, arguments, input=f"{password}\n", prog_name="clearance")


def known(folder: Path) -> Accounts:
    return Desk(folder).accounts


def test_the_first_account_must_make_others(tmp_path: Path) -> None:
    refused = make_account(tmp_path, "erika", "--role", "editor")
    assert refused.exit_code == ExitCode.INPUT_OR_OUTPUT
    assert "administrator" in refused.stderr
    assert not known(tmp_path).all()
    made = make_account(tmp_path, "Erika", "--role", "administrator", "--role", "editor")
    assert made.exit_code == ExitCode.CLEARED
    erika = known(tmp_path).sign_in("erika", PASSWORD, 0.0)
    assert erika.roles == {Role.ADMINISTRATOR, Role.EDITOR}
    assert PASSWORD not in made.output


def test_a_new_password_signs_out_and_says_which_programs_go_on(tmp_path: Path) -> None:
    make_account(tmp_path, "erika", "--role", "administrator")
    accounts = known(tmp_path)
    erika = accounts.named("erika")
    assert erika is not None
    session = accounts.begin_session(erika)
    accounts.add_token("CMS", [Role.ADMINISTRATOR], erika, dt.date(9999, 1, 1))
    changed = make_account(tmp_path, "erika", password="another long password")
    assert changed.exit_code == ExitCode.CLEARED
    assert "CMS" in changed.stderr
    assert accounts.session(session) is None
    assert accounts.sign_in("erika", "another long password", 0.0).roles == {Role.ADMINISTRATOR}


def test_a_closed_account_is_opened_on_purpose_only(tmp_path: Path) -> None:
    make_account(tmp_path, "erika", "--role", "administrator")
    make_account(tmp_path, "anna", "--role", "editor")
    known(tmp_path).change("anna", closed=True)
    refused = make_account(tmp_path, "anna")
    assert refused.exit_code == ExitCode.INPUT_OR_OUTPUT
    assert "--role" in refused.stderr
    assert make_account(tmp_path, "anna", "--role", "auditor").exit_code == ExitCode.CLEARED
    assert known(tmp_path).sign_in("anna", PASSWORD, 0.0).roles == {Role.AUDITOR}


@pytest.mark.parametrize("password", ["short", "", "my name is erika"])
def test_a_poor_password_makes_no_account(tmp_path: Path, password: str) -> None:
    refused = make_account(tmp_path, "erika", "--role", "administrator", password=password)
    assert refused.exit_code == ExitCode.INPUT_OR_OUTPUT
    assert not known(tmp_path).all()


def test_an_unknown_role_is_refused(tmp_path: Path) -> None:
    assert make_account(tmp_path, "erika", "--role", "emperor").exit_code == ExitCode.USAGE
