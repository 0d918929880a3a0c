"""What can go wrong while looking at a picture."""


class DetectorError(Exception):
    """Base of everything this room raises."""


class PhotoUnreadableError(DetectorError):
    """The file is missing, not a picture, damaged, or of a kind that is not judged."""


class PhotoTooLargeError(PhotoUnreadableError):
    """The file declares more bytes or pixels than the limits allow."""


class ModelMissingError(DetectorError):
    """A network's weights are absent, truncated, or not the ones that were tested."""


class BackendMissingError(DetectorError):
    """An optional backend was asked for and its packages are not installed."""


class PortraitRejectedError(DetectorError):
    """A portrait cannot serve as a reference: no face, several faces, or too small."""
