"""What can go wrong between the registry and the paper."""


class FormsError(Exception):
    """Base of everything this room raises."""


class FormLanguageError(FormsError):
    """There is no form in the language asked for."""


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
