"""A verdict can be made again: the report says with which weights it was made."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from clearance.policy_version import policy_version
from clearance.settings import Detection, Settings
from detector.detector import FINDERS, RECOGNISERS, weights_of
from detector.networks import centerface, dlib_resnet
from tests.detector.networks import a_recogniser


def test_the_weights_of_built_in_networks_are_the_pinned_ones() -> None:
    assert weights_of("centerface", {}) == centerface.WEIGHTS.sha256
    assert weights_of("dlib_resnet", {}) == dlib_resnet.WEIGHTS.sha256


def test_a_backend_that_keeps_its_weights_to_itself_has_none() -> None:
    assert {name for name in {*FINDERS, *RECOGNISERS} if not weights_of(name, {})} == {
        "face_recognition"
    }
    assert weights_of("nobody", {}) is None


def test_a_network_of_the_institutions_own_has_the_hash_it_was_declared_with(
    tmp_path: Path,
) -> None:
    own = a_recogniser(tmp_path)
    assert weights_of(own.name, {own.name: own}) == own.sha256


def test_a_network_of_the_institutions_own_changes_the_rules_if_it_is_chosen(
    tmp_path: Path,
) -> None:
    own = a_recogniser(tmp_path)
    declared = Settings(models={own.name: own})
    assert policy_version(declared) == policy_version(Settings())
    chosen = dataclasses.replace(declared, detection=Detection(recogniser=own.name))
    other = dataclasses.replace(own, sha256="0" * 64)
    exchanged = dataclasses.replace(chosen, models={own.name: other})
    assert policy_version(chosen) != policy_version(exchanged)
