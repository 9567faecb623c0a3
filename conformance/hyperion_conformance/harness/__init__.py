"""An adapter as the runner sees it: a stranger's process that may crash, hang or print anything at any moment."""

from hyperion_conformance.harness.adapter import Adapter, Broken, Deadlines, calibrate
from hyperion_conformance.harness.address import Address, Command, Tcp, parse_address
from hyperion_conformance.harness.channel import Channel, open_channel

__all__ = [
    "Adapter",
    "Address",
    "Broken",
    "Channel",
    "Command",
    "Deadlines",
    "Tcp",
    "calibrate",
    "open_channel",
    "parse_address",
]
