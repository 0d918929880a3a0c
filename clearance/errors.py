"""What can go wrong on the way from a photo to a cleared copy."""


class ClearanceError(Exception):
    """Base of everything this room raises."""


class SettingsInvalidError(ClearanceError):
    """clearance.toml cannot be read or holds a value that is not allowed."""


class ExportError(ClearanceError):
    """The copy could not be written."""


class ExportRefusedError(ExportError):
    """Writing would touch an input, or write the same file twice."""


class VerificationError(ExportError):
    """The written copy did not pass its checks and was removed."""


class EvidenceUnreadableError(ClearanceError):
    """The scan of the signed form is missing, empty or far too large."""


class DemoMissingError(ClearanceError):
    """The sample pictures are not installed."""
