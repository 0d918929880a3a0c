"""Options that say on which cluster an album is looked at."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clearance.commandline import N_

if TYPE_CHECKING:
    from clearance.cluster import Cluster
    from clearance.crew import Outfit


@dataclasses.dataclass(frozen=True, slots=True)
class ClusterOrder:
    """Where an album is looked at; without a scheduler, on this computer."""

    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler",
            metavar="ADDRESS",
            help=N_("Let a Dask cluster look at the pictures: address of its scheduler, tls://…"),
        ),
    ] = None
    tls_ca: Annotated[
        Path | None,
        typer.Option(
            "--tls-ca",
            metavar="FILE",
            help=N_("PEM file that vouches for the cluster; else as Dask is configured."),
        ),
    ] = None
    tls_cert: Annotated[
        Path | None,
        typer.Option(
            "--tls-cert", metavar="FILE", help=N_("PEM file that vouches for you to the cluster.")
        ),
    ] = None
    tls_key: Annotated[
        Path | None,
        typer.Option("--tls-key", metavar="FILE", help=N_("PEM file with the key to --tls-cert.")),
    ] = None
    insecure_cluster: Annotated[
        bool,
        typer.Option(
            "--insecure-cluster",
            help=N_(
                "Use a cluster without TLS, although everybody on its network can read the "
                "templates of the people enrolled."
            ),
        ),
    ] = False

    def cluster(self, outfit: Outfit, version: str) -> Cluster | None:
        """The cluster that was asked for; None where nobody asked for one.

        Args:
            outfit: what is looked with.
            version: what `looking_version` says here.
        """
        if self.scheduler is None:
            return None
        from clearance.cluster import Cluster, Tls

        tls = Tls(self.tls_ca, self.tls_cert, self.tls_key)
        return Cluster(self.scheduler, outfit, version, tls, insecure=self.insecure_cluster)
