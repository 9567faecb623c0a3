"""All work at once: what the verifier of a whole step does with byte strings of any length."""

from __future__ import annotations

from typing import Final

import attrs

from hyperion.primitives import hashing
from hyperion.settlement.onestep import merkle
from hyperion.settlement.onestep.merkle import Tree
from hyperion.settlement.onestep.nodes import Hash
from hyperion.settlement.onestep.octets import Octets, at_hand, skips_of
from hyperion.vm.fork import Fork
from hyperion.vm.precompile import Precompile


@attrs.frozen
class AtOnce:
    """The work, done where it is asked for."""

    def content(self, octets: Octets) -> bytes:
        """As in ``Work``."""
        return octets.part(0, octets.width)

    def keccak256(self, octets: Octets) -> Hash:
        """As in ``Work``."""
        return hashing.keccak256(self.content(octets))

    def copied(self, target: Tree, level: int, offset: int, octets: Octets) -> Tree:
        """As in ``Work``."""
        return merkle.write_bytes(target, level, offset, self.content(octets))

    def skips(self, octets: Octets) -> Octets:
        """As in ``Work``."""
        return at_hand(skips_of(self.content(octets)), self)

    def rules(self, fork: Fork) -> Fork:
        """The fork as it is."""
        return fork

    def run(self, precompile: Precompile, calldata: Octets) -> bytes | Octets | None:
        """What the precompile gives for its input."""
        return precompile.run(self.content(calldata))


AT_ONCE: Final = AtOnce()
