"""When two machines are the same: field by field, containers at a key of which nothing is known."""

from __future__ import annotations

from typing import Any

from hyperion.vm.machine import Machine, Substate
from hyperion.vm.stack import Stack
from hyperion_proofs.machines import MAX_ADDRESS
from hyperion_proofs.statement import Given, word
from hyperion_proofs.validation.containers import Content, ContentMemory
from hyperion_proofs.validation.machines import MAX_MEMORY
from hyperion_proofs.validation.octets import octets_of


def claim_same(given: Given, block: Machine, stepped: Machine) -> None:
    """Claim that the machine of a block is the one that ``step`` gives, in every part."""
    given.claim("program counter", block.pc == stepped.pc)
    given.claim("gas", block.gas == stepped.gas)
    given.claim("steps", block.steps == stepped.steps)
    given.claim("boundary", block.boundary is None and stepped.boundary is None)
    for name in ("returned", "frame", "environment"):
        given.claim(name, getattr(block, name) is getattr(stepped, name))
    claim_same_stack(given, block.stack, stepped.stack)
    claim_same_memory(given, block.memory, stepped.memory)
    claim_same_world(given, block.world, stepped.world)
    claim_same_substate(given, block.substate, stepped.substate)


def claim_same_stack(given: Given, mine: Any, its: Any) -> None:
    """Cell by cell, down to what neither has touched."""
    height = 0
    while type(mine) is Stack or type(its) is Stack:
        given.claim("depth of the stack", mine.depth == its.depth)
        given.claim(f"word {height} of the stack", mine.top == its.top)
        mine, its, height = mine.rest, its.rest, height + 1
    given.claim("words left on the stack", mine.index == its.index)
    given.claim("depth of the stack", mine.depth == its.depth)


def claim_same_content(given: Given, label: str, mine: Content, its: Content, *key: int) -> None:
    """The same word at a key of which nothing is known."""
    if mine.writes is not its.writes or mine.before is not its.before:
        given.claim(label, mine.at(key) == its.at(key))


def claim_same_memory(given: Given, mine: ContentMemory | Any, its: ContentMemory | Any) -> None:
    """Size, version, and the word at any multiple of 32."""
    if mine is its:
        return
    given.claim("size of memory", mine.size == its.size)
    given.claim("memory, piece by piece", mine.version == its.version)
    offset = 32 * given.integer("some word of memory", 0, MAX_MEMORY // 32)
    given.claim("memory", mine.at(offset) == its.at(offset))


def claim_same_world(given: Given, mine: Any, its: Any) -> None:
    """The word at any key of any account."""
    if mine is not its:
        given.claim("world", mine.name == its.name)
        key = (given.integer("some address", 0, MAX_ADDRESS), word(given, "some key"))
        claim_same_content(given, "storage", mine.slots, its.slots, *key)


def claim_same_substate(given: Given, mine: Substate, its: Substate) -> None:
    """Refund, logs, and whether any slot or address is touched; the rest are the same objects."""
    if mine is its:
        return
    given.claim("refund", mine.refund == its.refund)
    slot = (given.integer("some address", 0, MAX_ADDRESS), word(given, "some key"))
    claim_same_map(given, "touched slots", mine.accessed_slots, its.accessed_slots, *slot)
    claim_same_map(given, "transient storage", mine.transient, its.transient, *slot)
    claim_same_map(given, "touched addresses", mine.accessed_addresses, its.accessed_addresses, slot[0])
    for name in ("created", "destroyed"):
        given.claim(name, getattr(mine, name) is getattr(its, name))
    claim_same_logs(given, mine.logs, its.logs)


def claim_same_map(given: Given, label: str, mine: Any, its: Any, *key: int) -> None:
    """The same word, or absence, at the key."""
    if mine is not its:
        claim_same_content(given, label, mine.content, its.content, *key)


def claim_same_logs(given: Given, mine: Any, its: Any) -> None:
    """The same logs before, and the same ones added, part by part."""
    if mine is its:
        return
    given.claim("earlier logs", mine.name == its.name)
    given.claim("number of logs", len(mine.added) == len(its.added))
    for log, other in zip(mine.added, its.added, strict=False):
        given.claim("address of a log", log.address == other.address)
        given.claim("number of topics", len(log.topics) == len(other.topics))
        for topic, its_topic in zip(log.topics, other.topics, strict=False):
            given.claim("topic of a log", topic == its_topic)
        data, its_data = octets_of(given, log.data), octets_of(given, other.data)
        given.claim("data of a log", data.identity == its_data.identity)
        given.claim("size of a log", data.length == its_data.length)
