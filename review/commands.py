"""The commands that open the desk and let people in."""

from __future__ import annotations

import contextlib
import sys
import threading
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from clearance.commandline import (
    N_,
    ExitCode,
    LangOption,
    RegistryOption,
    one_of,
    registry_folder,
    say,
    words_for,
)

DESK_HELP = N_("Open the review desk: pages in your browser for all daily work.")
ACCOUNT_HELP = N_("Make an account for the review desk, or give one a new password.")


def _role(text: str) -> str:
    from review.roles import Role

    return one_of(text, tuple(Role))


def desk(
    registry: RegistryOption = None,
    host: Annotated[
        str,
        typer.Option(
            "--host",
            metavar="ADDRESS",
            help=N_(
                "Address to listen on; others than this computer need accounts and encryption."
            ),
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            min=1,
            max=65535,
            metavar="N",
            help=N_("Port; without it 8477 or the next that is free."),
        ),
    ] = None,
    certificate: Annotated[
        Path | None,
        typer.Option(
            "--certificate",
            metavar="FILE",
            help=N_("Certificate (PEM) for an encrypted connection."),
        ),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option("--key", metavar="FILE", help=N_("Private key of the certificate (PEM).")),
    ] = None,
    origin: Annotated[
        str | None,
        typer.Option(
            "--origin",
            metavar="URL",
            help=N_("Address by which browsers reach it, such as through a proxy that encrypts."),
        ),
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help=N_("Open the browser."))
    ] = True,
    lang: LangOption = None,
) -> None:
    from review.desk import Desk
    from review.serving import Listening, address_of, bound, check, server

    words = words_for(lang)
    _ = words.gettext
    opened = Desk(registry_folder(registry))
    listening = Listening(host, port, certificate, key, origin)
    check(listening, opened)
    # Whatever is judged in the background is judged to the end of its file; the rest waits.
    with contextlib.closing(opened), contextlib.closing(bound(listening)) as socket:
        address = address_of(listening, socket.getsockname()[1])
        first = address.origins[0]
        if not opened.accounts.team:
            first = f"{first}/start?token={opened.new_start_token()}"
        say(_("The desk is open. Stop it with Ctrl-C."))
        say(
            _("Open this address in your browser; it works once:")
            if "token=" in first
            else _("Open this address in your browser:")
        )
        typer.echo(first)
        if browser:
            # Some browsers come back only when they are closed.
            threading.Thread(target=webbrowser.open, args=(first,), daemon=True).start()
        server(opened, listening, address).run(sockets=[socket])


def account(
    name: Annotated[str, typer.Argument(metavar="NAME", help=N_("What they sign in with."))],
    shown: Annotated[
        str | None,
        typer.Option("--shown", metavar="TEXT", help=N_("Their name, as decisions carry it.")),
    ] = None,
    role: Annotated[
        list[str] | None,
        typer.Option(
            "--role",
            parser=_role,
            metavar="ROLE",
            help=N_(
                "What they may do: requester, editor, approver, publisher, consent_desk, "
                "privacy_officer, auditor, administrator; may be repeated."
            ),
        ),
    ] = None,
    registry: RegistryOption = None,
    lang: LangOption = None,
) -> None:
    from review.desk import Desk
    from review.errors import AccountRefusedError
    from review.roles import Role

    words = words_for(lang)
    _ = words.gettext
    accounts = Desk(registry_folder(registry)).accounts
    roles = frozenset(map(Role, role or ()))
    known = accounts.named(name)
    if known is None and not accounts.team and Role.ADMINISTRATOR not in roles:
        raise AccountRefusedError(
            "the first account must be able to make others: give it --role administrator too"
        )
    if known is None and not roles:
        raise AccountRefusedError("an account needs at least one --role")
    if known and known.closed and not roles:
        raise AccountRefusedError(
            "the account {name} is closed: say with --role what it may do from now on",
            name=known.name,
        )
    password = _password(_("Password"), _("Once more"))
    if known is None:
        accounts.add(name, shown or name, password, roles)
        say(_("The account {name} was made.").format(name=name))
    else:
        accounts.change(name, password=password, roles=roles or None, closed=False)
        say(_("The account {name} was changed; it is signed out everywhere.").format(name=name))
        labels = [one.label for one in accounts.tokens() if one.made_by == known.name]
        if labels:
            # Whoever lost a password may have lost more; programs would stop if these ended.
            line = _("Tokens it made for other programs go on working: {labels}")
            say(line.format(labels=", ".join(labels)))
    raise typer.Exit(ExitCode.CLEARED)


def _password(prompt: str, again: str) -> str:
    """Typed twice, or one line of standard input where nobody is at a terminal."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    return str(typer.prompt(prompt, hide_input=True, confirmation_prompt=again, err=True))
