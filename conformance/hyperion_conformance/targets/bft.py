"""Target ``bft.node``: one validator, event by event."""

from typing import Final

from hyperion_conformance.bft.session import BFT_NODE as SESSION
from hyperion_conformance.targets.sessions import session_target
from hyperion_conformance.vectors.generators import bft

BFT_NODE: Final = session_target("bft.node", SESSION, bft.validators, "bft-node.schema.json")
