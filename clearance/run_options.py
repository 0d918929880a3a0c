"""What the commands that judge pictures are asked for."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clearance.commandline import (
    N_,
    ChannelOption,
    EventOption,
    JsonOption,
    LangOption,
    MaxEdgeOption,
    OnOption,
    PurposeOption,
    RegistryOption,
    ReportOption,
    SharedReportOption,
    ThoroughOption,
    UntilOption,
    known_channels,
    known_purpose,
    one_of,
    today,
    words_for,
)

if TYPE_CHECKING:
    from clearance.copy_options import CopyOrder
    from clearance.language import Language
    from clearance.settings import Settings
    from clearance.use import IntendedUse


@dataclasses.dataclass(frozen=True, slots=True)
class Order:
    """What `check`, `scan`, `watch` and `export` are asked for."""

    channel: ChannelOption = None
    purpose: PurposeOption = None
    event: EventOption = None
    on: OnOption = None
    until: UntilOption = None
    max_edge: MaxEdgeOption = None
    thorough: ThoroughOption = False
    registry: RegistryOption = None
    as_json: JsonOption = False
    report: ReportOption = None
    report_to_share: SharedReportOption = None
    lang: LangOption = None

    @property
    def words(self) -> Language:
        """The language of the answer."""
        return words_for(self.lang)

    @property
    def reports(self) -> bool:
        """Whether anything is written about every picture at the end."""
        return bool(self.report or self.report_to_share)

    def use(self, settings: Settings) -> IntendedUse:
        """What the pictures are to be used for.

        Raises:
            BadParameter: a channel or a purpose that the institution does not know.
        """
        from clearance.use import IntendedUse

        asked = known_channels(self.channel or (), settings, self.words)
        return IntendedUse(
            asked or settings.consent.channels,
            self.on or today(),
            settings.publication.max_edge if self.max_edge is None else self.max_edge,
            purpose=known_purpose(self.purpose, settings, self.words),
            event=self.event,
            until=self.until,
        )

    def check(self) -> None:
        """Say what is wrong with the options before any work is done.

        Raises:
            BadParameter: two of them contradict each other.
        """
        _ = self.words.gettext
        if self.until and self.until < (self.on or today()):
            raise typer.BadParameter(_("--until is before the day of publication"))
        if self.report and self.report == self.report_to_share:
            raise typer.BadParameter(
                _("--report and --report-to-share name the same file, and only one may name people")
            )


JobsOption = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        min=1,
        max=256,
        metavar="N",
        help=N_("How many processes look at the pictures; by default one for each core."),
    ),
]


def sort_manner(text: str) -> str:
    """What is put into the folder of a verdict."""
    from clearance.sorting import SortAs

    return one_of(text, SortAs)


@dataclasses.dataclass(frozen=True, slots=True)
class AlbumOrder:
    """How an album is gone through, and who may be in it."""

    roster: Annotated[
        Path | None,
        typer.Option(
            "--roster",
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help=N_(
                "List of who was there (.csv, .tsv, .xlsx): faces are compared with these people "
                "only, which makes a mistake rarer."
            ),
        ),
    ] = None
    again: Annotated[
        bool,
        typer.Option(
            "--again",
            help=N_("Look at every picture once more, also at those seen in earlier runs."),
        ),
    ] = False
    quiet: Annotated[
        bool,
        typer.Option("-q", "--quiet", help=N_("Say only what there is to say about the album.")),
    ] = False
    export: Annotated[
        Path | None,
        typer.Option(
            "--export",
            metavar="DIR",
            help=N_(
                "Folder for copies in which everybody not cleared is hidden: short for --blur -o."
            ),
        ),
    ] = None
    sort_into: Annotated[
        Path | None,
        typer.Option(
            "--sort-into",
            metavar="DIR",
            help=N_(
                "Put every picture into a folder of DIR named by its verdict; only what lies in "
                "cleared/ may be published as it is. What an earlier run put there is taken out "
                "first."
            ),
        ),
    ] = None
    sort_as: Annotated[
        str | None,
        typer.Option(
            "--sort-as",
            parser=sort_manner,
            metavar="link|copy",
            help=N_(
                "Sort links to the pictures, or copies of them: link, copy. A link shows the file "
                "as it is when somebody looks; for pictures in a ZIP archive only copy works."
            ),
        ),
    ] = None
    contact_sheet: Annotated[
        Path | None,
        typer.Option(
            "--contact-sheet",
            metavar="FILE",
            help=N_(
                "Write pages of small pictures with faces and verdicts, to look through: .pdf. "
                "Internal: shows people who have not agreed."
            ),
        ),
    ] = None

    def check(self, words: Language) -> None:
        """Say what is wrong with the options before any work is done.

        Raises:
            BadParameter: one of them makes no sense.
        """
        _ = words.gettext
        if self.sort_as and not self.sort_into:
            raise typer.BadParameter(
                _("--sort-as is about a folder to sort into, and none is named: --sort-into")
            )
        if self.contact_sheet and self.contact_sheet.suffix.lower() != ".pdf":
            raise typer.BadParameter(_("--contact-sheet takes a file ending in .pdf"))


def check_copies(root: Path | None, copying: CopyOrder | None, words: Language) -> None:
    """Say that copies, or what explains them, would lie where they must not.

    Raises:
        BadParameter: in a folder of the album, or among what is published.
    """
    _ = words.gettext
    if copying is None:
        return
    if root and _is_below(copying.out, root):
        raise typer.BadParameter(
            _("-o names a folder of the album: the copies would become inputs")
        )
    if copying.explain and _is_below(copying.explain, copying.out):
        raise typer.BadParameter(
            _("--explain names a folder of the copies, and what it shows must not be published")
        )


def _is_below(path: Path, folder: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))
