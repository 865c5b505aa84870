"""The claims that ship: all of them, complete in both languages, and each one able to run."""

import importlib
import inspect

import pytest

from nnbench.cases.catalogue import case_named
from nnbench.cases.claims import Claim, ClaimSpec, Wording, built_in, facts
from nnbench.plan import settings
from nnbench.studies.claims import study
from nnkit import datasets

CLAIMS = {claim.spec.id: claim for claim in built_in()}
ALL = [f"B{number}" for number in range(1, 43)]


def test_every_claim_of_the_notes_is_there() -> None:
    of_the_notes = [identity for identity in CLAIMS if identity.startswith("B")]
    assert of_the_notes == ALL


@pytest.fixture(params=CLAIMS.values(), ids=CLAIMS)
def claim(request: pytest.FixtureRequest) -> Claim:
    found: Claim = request.param
    return found


def test_a_claim_speaks_both_languages(claim: Claim) -> None:
    spec, told = claim.spec, facts(claim.spec)
    texts = {name: getattr(told, name) for name in ("title", "sentence", "original", "method")}
    texts |= {f"quantity {place}": each.name for place, each in enumerate(told.quantities)}
    texts |= {f"picture {place}": label for place, label in enumerate(told.picture.labels)}
    for optional in ("remark",):
        if getattr(told, optional) != Wording():
            texts[optional] = getattr(told, optional)
    lacking = [name for name, text in texts.items() if not (text.en and text.ko)]
    assert not lacking, (spec.id, lacking)


def test_the_note_is_one_of_the_five(claim: Claim) -> None:
    assert set(claim.spec.note.split(", ")) <= {"L4", "L5", "DL", "BN", "OPT"}


def test_its_expressions_have_a_meaning(claim: Claim) -> None:
    study.make_study([claim], settings.read_settings({}), is_embedded=True)


def test_its_experiments_are_functions_that_take_what_they_are_given(claim: Claim) -> None:
    for section in claim.spec.experiment.values():
        place, _, name = section.call.partition(":")
        function = getattr(importlib.import_module(f"nnbench.studies.claims.experiments.{place}"), name)
        inspect.signature(function).bind(0, **section.arguments)
        assert function.__doc__, section.call
        if section.needs:
            assert section.needs in datasets.names()


def test_its_cases_exist(claim: Claim) -> None:
    for section in claim.spec.matrix.values():
        for name in section.cases:
            case_named(name)


def test_something_of_it_counts_without_data_that_do_not_ship(claim: Claim) -> None:
    spec = claim.spec
    assert any(_ships(spec, quantity.value) for quantity in spec.quantity if quantity.counts), spec.id


def _ships(spec: ClaimSpec, text: str) -> bool:
    remote = {name for name, section in spec.experiment.items() if section.needs}
    return not any(f"{name}." in text for name in remote)
