"""Finds the networks' weights inside installed packages, without importing them."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
from pathlib import Path

from detector.errors import ModelMissingError


@dataclasses.dataclass(frozen=True, slots=True)
class Weights:
    """A file of weights in somebody's package, pinned to the bytes that were tested."""

    package: str
    file: str
    sha256: str
    distribution: str
    """What to install to get the package."""

    def read(self) -> bytes:
        """The file's bytes, once they are proven to be the tested ones.

        Raises:
            ModelMissingError: the package or the file is absent, cannot be read, or differs.
        """
        # A top-level name is looked up without running the package: one of them
        # would import OpenCV, the other ends the process when it is unhappy.
        spec = importlib.util.find_spec(self.package)
        if spec is None or not spec.submodule_search_locations:
            raise ModelMissingError(
                "the network weights are missing: the package {name} is not installed; "
                "install {package}",
                name=self.package,
                package=self.distribution,
            )
        path = Path(next(iter(spec.submodule_search_locations))) / self.file
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ModelMissingError(
                "the network weights {path} cannot be read ({reason}); reinstall {package}",
                path=path,
                reason=error.strerror or str(error),
                package=self.distribution,
            ) from error
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise ModelMissingError(
                "the network weights {path} are damaged or of another version "
                "({size} bytes); reinstall {package}",
                path=path,
                size=len(content),
                package=self.distribution,
            )
        return content
