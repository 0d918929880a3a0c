"""What a signed form says, as options of a command."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clearance import completion
from clearance.commandline import N_, day, known_channels, one_of
from consent.records import (
    WORLD,
    Consent,
    EvidenceLevel,
    Material,
    Paper,
    Role,
    Scope,
    Secrecy,
    Signatory,
    Supersession,
    Terms,
)

if TYPE_CHECKING:
    from clearance.language import Language
    from clearance.settings import Settings

_RELEASES = ("presence", "service", "diagnosis")


def release(text: str) -> str:
    """One of the three things a patient may release from secrecy."""
    return one_of(text, _RELEASES)


OccasionOption = Annotated[
    str | None,
    typer.Option("--event", metavar="NAME", help=N_("Only for the pictures of this occasion.")),
]
GuardianOption = Annotated[
    list[str] | None,
    typer.Option(
        "--guardian",
        metavar="NAME",
        help=N_("Who signed for a minor, such as 'Anna Keller, mother'; may be repeated."),
    ),
]
RepresentativeOption = Annotated[
    str | None,
    typer.Option("--representative", metavar="NAME", help=N_("Who signed for an adult by law.")),
]
BasisOption = Annotated[
    str,
    typer.Option(
        "--basis",
        metavar="TEXT",
        help=N_("What lets the representative act: a curatorship, a mandate."),
    ),
]
CollectedByOption = Annotated[
    str, typer.Option("--collected-by", metavar="NAME", help=N_("Who took the form in."))
]
IdCheckOption = Annotated[
    str,
    typer.Option("--id-check", metavar="TEXT", help=N_("How the identity was checked.")),
]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FormOptions:
    """A signed form as somebody types it; what is not given was answered no."""

    serial: Annotated[
        str, typer.Option("--serial", metavar="S", help=N_("Serial printed on the form."))
    ]
    signed: Annotated[
        dt.date,
        typer.Option("--signed", parser=day, metavar="DATE", help=N_("Day of the signature.")),
    ]
    until: Annotated[
        dt.date,
        typer.Option("--until", parser=day, metavar="DATE", help=N_("Last day it is valid.")),
    ]
    channel: Annotated[
        list[str],
        typer.Option(
            "--channel",
            metavar="C",
            help=N_("Channel ticked yes; may be repeated."),
            autocompletion=completion.of_channels,
        ),
    ]
    evidence: Annotated[
        Path, typer.Option("--evidence", metavar="FILE", help=N_("Scan of the signed form."))
    ]
    purpose: Annotated[
        list[str] | None,
        typer.Option(
            "--purpose",
            metavar="P",
            help=N_("Purpose ticked yes; may be repeated."),
            autocompletion=completion.of_purposes,
        ),
    ] = None
    material: Annotated[
        list[Material] | None,
        typer.Option("--material", help=N_("Material ticked yes; may be repeated.")),
    ] = None
    biometric: Annotated[
        bool,
        typer.Option("--biometric", help=N_("The box for matching the face was ticked yes.")),
    ] = False
    valid_from: Annotated[
        dt.date | None,
        typer.Option(
            "--from",
            parser=day,
            metavar="DATE",
            help=N_("First day it is valid; without it, the day of the signature."),
        ),
    ] = None
    event: OccasionOption = None
    territory: Annotated[
        list[str] | None,
        typer.Option(
            "--territory",
            metavar="CC",
            help=N_("Only in this country, such as CH; may be repeated. Without it: worldwide."),
        ),
    ] = None
    named: Annotated[
        bool, typer.Option("--named", help=N_("The name may stand beside the picture."))
    ] = False
    editing: Annotated[
        bool, typer.Option("--editing", help=N_("Cropping and correcting was ticked yes."))
    ] = False
    release: Annotated[
        list[str] | None,
        typer.Option(
            "--release",
            parser=release,
            metavar="presence|service|diagnosis",
            help=N_("What a patient releases from medical secrecy; may be repeated."),
            autocompletion=completion.of(*_RELEASES),
        ),
    ] = None
    remuneration: Annotated[
        str, typer.Option("--remuneration", metavar="TEXT", help=N_("What was paid, if anything."))
    ] = ""
    guardian: GuardianOption = None
    sole_authority: Annotated[
        bool,
        typer.Option("--sole-authority", help=N_("One guardian declared to decide alone.")),
    ] = False
    representative: RepresentativeOption = None
    basis: BasisOption = ""
    own_signature: Annotated[
        bool,
        typer.Option(
            "--own-signature", help=N_("The person signed too, beside who signed for them.")
        ),
    ] = False
    level: Annotated[EvidenceLevel, typer.Option("--level", help=N_("How it was signed."))] = (
        EvidenceLevel.WET_INK
    )
    form: Annotated[
        str,
        typer.Option("--form", metavar="IR-1", help=N_("The printed form and its version.")),
    ] = ""
    form_language: Annotated[
        str,
        typer.Option(
            "--form-language",
            metavar="fr|de|it|en",
            help=N_("Language of the form that was signed."),
            autocompletion=completion.of("fr", "de", "it", "en"),
        ),
    ] = ""
    collected_by: CollectedByOption = ""
    id_check: IdCheckOption = ""
    first_published: Annotated[
        dt.date | None,
        typer.Option(
            "--first-published",
            parser=day,
            metavar="DATE",
            help=N_("Day on which pictures went out already, if they did."),
        ),
    ] = None

    def consent(
        self,
        person: str,
        scan: bytes,
        settings: Settings,
        words: Language,
        *,
        supersedes: Iterable[Supersession] = (),
        today: dt.date,
    ) -> Consent:
        """The form as a record.

        Raises:
            BadParameter: a channel is not known, or a form came after its publication.
            RecordInvalidError: the scan cannot be evidence.
        """
        from consent.signing import evidence_from

        self._check_prior(words)
        scope = Scope(
            materials=frozenset(self.material or ()),
            channels=frozenset(known_channels(self.channel, settings, words)),
            purposes=frozenset(self.purpose or ()),
            valid_from=self.valid_from or self.signed,
            valid_until=self.until,
            event=self.event,
            territory=frozenset(map(_country, self.territory or (WORLD,))),
        )
        terms = Terms(
            biometric=self.biometric,
            named=self.named,
            editing=self.editing,
            secrecy=Secrecy(**dict.fromkeys(self.release or (), True)),
            remuneration=self.remuneration,
        )
        template, _, version = self.form.rpartition("-")
        return Consent(
            serial=self.serial,
            person=person,
            signed=self.signed,
            scope=scope,
            terms=terms,
            evidence=evidence_from(scan, self.evidence.suffix.lower(), self.level),
            recorded_on=today,
            signatories=self._signatories(),
            sole_authority=self.sole_authority,
            paper=Paper(
                template=template or self.form,
                version=int(version) if template and version.isdecimal() else 0,
                language=self.form_language,
                collected_by=self.collected_by,
                id_check=self.id_check,
            ),
            supersedes=tuple(supersedes),
        )

    def _check_prior(self, words: Language) -> None:
        if self.first_published and self.signed > self.first_published:
            wrong = words.gettext(
                "it was signed after the first publication; a consent must be there before. Take "
                "the pictures down, and record it without --first-published"
            )
            raise typer.BadParameter(wrong)

    def _signatories(self) -> tuple[Signatory, ...]:
        guardians = [one.partition(",") for one in self.guardian or ()]
        found = [
            Signatory(role=Role.GUARDIAN, name=name.strip(), relation=relation.strip())
            for name, _, relation in guardians
        ]
        if self.representative:
            one = Signatory(role=Role.REPRESENTATIVE, name=self.representative, basis=self.basis)
            found.append(one)
        if self.own_signature or not found:
            found.append(Signatory(role=Role.SELF))
        return tuple(found)


def _country(text: str) -> str:
    return WORLD if text.casefold() == WORLD else text.strip().upper()
