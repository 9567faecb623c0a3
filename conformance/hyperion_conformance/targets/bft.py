"""Target ``bft.node``: one validator, event by event."""

from typing import Final

from hyperion_conformance.bft.session import Running, acted, node_json, opened
from hyperion_conformance.targets.sessions import session_target
from hyperion_conformance.targets.target import Session
from hyperion_conformance.vectors.generators import bft

SESSION: Final[Session[Running]] = Session(opened, acted, lambda state: node_json(state.node))
BFT_NODE: Final = session_target("bft.node", SESSION, bft.validators, "bft-node.schema.json", ("FIN-",))
