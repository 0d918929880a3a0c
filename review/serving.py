"""Starts the desk: which address it has, who is let in first, and the server."""

from __future__ import annotations

import dataclasses
import ipaddress
import socket
import ssl
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import uvicorn

from review.app import create_app
from review.connections import HEAD_SECONDS, PER_CLIENT, connections
from review.desk import Address
from review.errors import DeskRefusedError

if TYPE_CHECKING:
    from review.desk import Desk

PORT = 8477
LOOPBACK = "127.0.0.1"
_KEEP_ALIVE = 15
_AT_ONCE = 200
_PORTS_TRIED = 20
_USUAL = {"http": 80, "https": 443}
_IPV6 = 6


@dataclasses.dataclass(frozen=True, slots=True)
class Listening:
    """Where a desk is to be reached.

    Attributes:
        host: to listen on.
        port: to listen on; None for the usual one, or the next that is free.
        certificate: file of the certificate, with those it depends on; None for none.
        key: file of its private key; None where the certificate's file holds it.
        origin: how browsers reach it, such as `https://clearance.example.org`: through a proxy
            that encrypts, or, with a certificate, by that name; None for the name of the host.
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
    _check_certificate(listening)
    if listening.origin:
        _origin(listening.origin)
    elif _is_every_address(listening.host):
        raise DeskRefusedError(
            "{host} is every address of this computer: say with --origin by which one browsers "
            "reach the desk",
            host=listening.host,
        )
    reachable = not listening.alone or listening.origin
    if reachable and not (listening.certificate or listening.origin):
        raise DeskRefusedError(
            "others could reach the desk at {host} and everything would go over the network in "
            "the clear: name --certificate, or --origin behind a proxy that encrypts",
            host=listening.host,
        )
    if not listening.alone and not listening.certificate:
        raise DeskRefusedError(
            "between the proxy and the desk at {host} everything would go over the network in "
            "the clear: let the desk listen on this computer only, or name --certificate too",
            host=listening.host,
        )
    if reachable and not desk.accounts.team:
        raise DeskRefusedError(
            "others could reach the desk and nobody has a password yet: make an account first "
            "with clearance desk-account"
        )


def _check_certificate(listening: Listening) -> None:
    if listening.certificate is None:
        if listening.key:
            raise DeskRefusedError("--key is the key of a certificate: name --certificate too")
        return
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        # A key with a password of its own would be asked for at a terminal that nobody watches.
        context.load_cert_chain(listening.certificate, listening.key, password="")
    except (OSError, ssl.SSLError) as error:
        raise DeskRefusedError(
            "the certificate {path} cannot be used: {reason}",
            path=listening.certificate,
            reason=str(error),
        ) from error


def _origin(text: str) -> str:
    """An address as browsers write it in the Origin header.

    Raises:
        DeskRefusedError: it is none, or holds more than a name and a port.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    else:
        port = None if port == _USUAL["https"] else port
    more = not host or parts.path not in ("", "/") or parts.query or parts.fragment
    if not text.isascii() or more or parts.scheme != "https" or "@" in parts.netloc:
        raise DeskRefusedError(
            "--origin is an address that begins with https and ends with a name or a port"
        )
    named = f"[{host}]" if host and ":" in host else host
    return f"https://{named}" + (f":{port}" if port else "")


def _is_every_address(host: str) -> bool:
    try:
        return ipaddress.ip_address(host or "0.0.0.0").is_unspecified  # noqa: S104 - refused
    except ValueError:
        return False


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
            # From now on a browser that is faster than the rest of the start waits.
            found.listen(_AT_ONCE)
        except OSError as error:
            problem = error
            found.close()
        else:
            return found
    raise DeskRefusedError(
        "the desk cannot listen on {host}: {reason}", host=listening.host, reason=str(problem)
    )


def address_of(listening: Listening, port: int) -> Address:
    """How browsers name the desk: by one name only.

    On this computer `localhost` is none of them. It may also be `[::1]`, where somebody else can
    listen on the same port, and would be sent the cookie of that name.
    """
    if listening.origin:
        # Behind a proxy nobody is told apart by an address; with a certificate there is none.
        proxied = listening.certificate is None
        origins = (_origin(listening.origin),)
        return Address(listening.host, port, origins, secure=True, proxied=proxied)
    scheme = "https" if listening.certificate else "http"
    end = "" if port == _USUAL[scheme] else f":{port}"
    origins = (f"{scheme}://{_written(listening.host)}{end}",)
    return Address(listening.host, port, origins, secure=scheme == "https")


def _written(host: str) -> str:
    """A host as browsers write it: IPv6 short and in brackets, names in small letters."""
    if host == "localhost":
        # That is where the socket of it is.
        return LOOPBACK
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host.lower()
    return f"[{address.compressed}]" if address.version == _IPV6 else str(address)


def server(
    desk: Desk, listening: Listening, address: Address, *, head_seconds: float = HEAD_SECONDS
) -> uvicorn.Server:
    """The server, which runs until it is told to stop.

    Args:
        desk: what it works with.
        listening: where it is to be reached.
        address: how browsers name it.
        head_seconds: how long the head of a request may take.
    """
    config = uvicorn.Config(
        create_app(desk, address),
        http=connections(head_seconds, None if address.proxied else PER_CLIENT),
        loop="asyncio",
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
