"""Starts the desk: which address it has, who is let in first, and the server."""

from __future__ import annotations

import dataclasses
import ipaddress
import socket
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from review.app import create_app
from review.desk import Address
from review.errors import DeskRefusedError

if TYPE_CHECKING:
    from review.desk import Desk

PORT = 8477
LOOPBACK = "127.0.0.1"
_KEEP_ALIVE = 15
_AT_ONCE = 200
_PORTS_TRIED = 20


@dataclasses.dataclass(frozen=True, slots=True)
class Listening:
    """Where a desk is to be reached.

    Attributes:
        host: to listen on.
        port: to listen on; None for the usual one, or the next that is free.
        certificate: file of the certificate, with those it depends on; None for none.
        key: file of its private key; None where the certificate's file holds it.
        origin: how browsers reach it through a proxy that encrypts, such as
            `https://clearance.example.org`; None for no proxy.
    """

    host: str = LOOPBACK
    port: int | None = None
    certificate: Path | None = None
    key: Path | None = None
    origin: str | None = None

    @property
    def alone(self) -> bool:
        """Whether only this computer reaches it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def check(listening: Listening, desk: Desk) -> None:
    """See that nobody can listen in or walk in.

    Raises:
        DeskRefusedError: others could reach it, and nothing is encrypted or nobody has a password;
            or the certificate cannot be used.
    """
    if listening.certificate:
        try:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(listening.certificate, listening.key)
        except (OSError, ssl.SSLError) as error:
            raise DeskRefusedError(
                "the certificate {path} cannot be used: {reason}",
                path=listening.certificate,
                reason=str(error),
            ) from error
    if listening.origin and not listening.origin.startswith("https://"):
        raise DeskRefusedError("--origin is an address that begins with https")
    reachable = not listening.alone or listening.origin
    if reachable and not (listening.certificate or listening.origin):
        raise DeskRefusedError(
            "others could reach the desk at {host} and everything would go over the network in "
            "the clear: name --certificate, or --origin behind a proxy that encrypts",
            host=listening.host,
        )
    if reachable and not desk.accounts.team:
        raise DeskRefusedError(
            "others could reach the desk and nobody has a password yet: make an account first "
            "with clearance desk-account"
        )


def bound(listening: Listening) -> socket.socket:
    """The open socket of the address.

    Raises:
        DeskRefusedError: it cannot be had.
    """
    family = socket.AF_INET6 if ":" in listening.host else socket.AF_INET
    wanted = listening.port
    ports = [wanted] if wanted is not None else [*range(PORT, PORT + _PORTS_TRIED), 0]
    problem: OSError | None = None
    for port in ports:
        found = socket.socket(family, socket.SOCK_STREAM)
        try:
            if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):
                # Windows would let another program take the same port.
                found.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
            else:
                found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind((listening.host, port))
        except OSError as error:
            problem = error
            found.close()
        else:
            return found
    raise DeskRefusedError(
        "the desk cannot listen on {host}: {reason}", host=listening.host, reason=str(problem)
    )


def address_of(listening: Listening, port: int) -> Address:
    """How browsers may name the desk."""
    scheme = "https" if listening.certificate else "http"
    if listening.origin:
        return Address(listening.host, port, (listening.origin.rstrip("/"),), secure=True)
    host = f"[{listening.host}]" if ":" in listening.host else listening.host
    names = [host]
    if listening.alone:
        names += [name for name in ("localhost", LOOPBACK) if name != host]
    usual = {"http": 80, "https": 443}[scheme]
    end = "" if port == usual else f":{port}"
    origins = tuple(f"{scheme}://{name}{end}" for name in names)
    return Address(listening.host, port, origins, secure=scheme == "https")


def server(desk: Desk, listening: Listening, address: Address) -> uvicorn.Server:
    """The server, which runs until it is told to stop."""
    config = uvicorn.Config(
        create_app(desk, address),
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        lifespan="off",
        ws="none",
        # Who asks is known by a session and never by an address that a proxy tells.
        proxy_headers=False,
        limit_concurrency=_AT_ONCE,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=5,
        h11_max_incomplete_event_size=32 * 1024,
        ssl_certfile=listening.certificate,
        ssl_keyfile=listening.key,
    )
    return uvicorn.Server(config)
