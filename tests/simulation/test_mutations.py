"""A safeguard that is taken out is missed by the worlds; else they would prove nothing."""

from __future__ import annotations

import pytest

from tests.simulation.mutations import MUTANTS, SEEDS_MAX, Mutant, notice

pytestmark = pytest.mark.simulation


@pytest.mark.parametrize("mutant", [one for one in MUTANTS if not one.costly], ids=lambda m: m.name)
def test_the_worlds_miss_what_is_taken_out(mutant: Mutant) -> None:
    assert notice(mutant), f"{mutant.what}, and none of {SEEDS_MAX} worlds minds"


def test_a_mutant_is_gone_afterwards() -> None:
    claim = next(one for one in MUTANTS if one.name == "claim")
    found = notice(claim)
    assert found is not None
    nothing = Mutant("nothing", "nothing is taken out", lambda _stack: None)
    assert notice(nothing, range(found.seed, found.seed + 1)) is None
