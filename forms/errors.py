"""What can go wrong between the registry and the paper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final


class FormsError(Exception):
    """Base of everything this room raises: an English template and what it is filled with.

    Both are kept, so that the door can say the same in another language. A value
    may be an error of ours, which is then translated as well.
    """

    def __init__(self, template: str, /, **values: object) -> None:
        # Unpickling passes the finished text, in which a brace is only a brace.
        super().__init__(template.format(**values) if values else template)
        self.template: Final = template
        self.values: Final[Mapping[str, object]] = values


class FormLanguageError(FormsError):
    """There is no form in the language asked for."""


class FormVariantError(FormsError):
    """There is no form of that name."""


class LogoUnreadableError(FormsError):
    """The logo that the settings name is no picture that can be printed."""


class FormCountError(FormsError):
    """The number of forms makes no sense, or differs from the number of serials."""


class SerialInvalidError(FormsError):
    """A serial has a wrong length, character or check character, or is used twice."""


class FormOverflowError(FormsError):
    """The wording does not fit the sheet; nothing was written."""


class ReportFormatError(FormsError):
    """A report was asked for in a format that is not written."""


class DocumentNotWrittenError(FormsError):
    """The file could not be written; what stood there before is untouched."""


class FormUnknownError(FormsError):
    """A form of a version or language that this program never printed."""


class ScanUnreadableError(FormsError):
    """A file of scans cannot be opened, is protected, or is none."""


class ScanTooLargeError(ScanUnreadableError):
    """A file of scans has more pages, pixels or drawing than is sensible; it is read no further."""


class FormNotConfirmedError(FormsError):
    """What was read is no form that could be a consent; nothing was recorded."""


class SignatureUncheckedError(FormsError):
    """A digital signature cannot be checked here; the file was not taken in."""


class SignatureBrokenError(FormsError):
    """A digital signature does not fit its file; the file was not taken in."""
