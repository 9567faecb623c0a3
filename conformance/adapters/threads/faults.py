"""Mistakes that can be built into the engine, to see which level of a check finds them; and changes that are none."""

from __future__ import annotations

from typing import Any

from engine import EXECUTED, STORAGE, Engine, Read, Task, Version


class CountedLate(Engine):
    """A validation is claimed before the claimer counts itself active."""

    def next_version_to_validate(self, worker: int) -> Task | None:
        """The claim first."""
        if self.access(worker, "VALIDATION_LEFT", lambda: self.validation_index >= self.size):
            self.check_done(worker)
            return None
        index = self.access(worker, "VALIDATION_CLAIM", lambda: self.change("validation_index", 1))
        status = self.access(worker, "VALIDATION_START", lambda: self.status[index] if index < self.size else None)
        if status is None or status[0] != EXECUTED:
            return None
        self.access(worker, "VALIDATION_COUNT", lambda: self.change("active", 1))
        return "VALIDATE", (index, status[1])


class DoneEarly(Engine):
    """The end is announced without a look at who is active."""

    def check_done(self, worker: int) -> None:
        """Two looks instead of four."""
        if self.access(worker, "DONE_EXECUTION", lambda: self.execution_index >= self.size) and self.access(
            worker, "DONE_VALIDATION", lambda: self.validation_index >= self.size
        ):
            self.access(worker, "DONE_MARK", lambda: self.announce(worker))


class NeverInvalid(Engine):
    """Validation passes whatever was read."""

    def scan(self, worker: int, version: Version, read: Read) -> bool:
        """Yes."""
        self.say(worker, "scan", version, location=read[0], origins=read[1], ok=True)
        return True


class StorageUnrecorded(Engine):
    """Reads of the storage are not recorded."""

    def keep_reads(self, index: int, reads: list[Read], effects: Any, result: str) -> None:
        """Without those."""
        super().keep_reads(index, [read for read in reads if STORAGE not in read[1]], effects, result)


class NoWave(Engine):
    """New locations do not send validation back."""

    def record(self, worker: int, version: Version, effects: Any, reads: list[Read]) -> bool:
        """Never new."""
        super().record(worker, version, effects, reads)
        return False


class NoAbortWave(Engine):
    """An abort does not send validation back, and the entries stay."""

    def finish_abort(self, worker: int, version: Version) -> Task | None:
        """Straight on to the next incarnation."""
        index = version[0]
        self.access(worker, "REOPEN", lambda: self.set_ready(worker, index, "ready"))
        if self.access(worker, "RETRY_LEFT", lambda: self.execution_index > index):
            again = self.access(worker, "RETRY", lambda: self.try_incarnate(worker, index))
            if again is not None:
                return "EXECUTE", again
        self.release(worker)
        return None


class StaleEntries(Engine):
    """What an incarnation no longer writes keeps its entry."""

    def remove(self, worker: int, version: Version, location: str) -> None:
        """Nothing."""


class LostWakeUp(Engine):
    """Who waits is not resumed."""

    def take_dependents(self, worker: int, version: Version) -> Any:
        """Nobody."""
        super().take_dependents(worker, version)
        return []


class OwnEntry(Engine):
    """A read takes the reader's own entry of an incarnation before."""

    def resolve(self, location: str, reader: int) -> tuple[int | None, list[Any], int]:
        """One more than is below."""
        return super().resolve(location, reader + 1)


class LeastWriter(Engine):
    """A read takes the least writer below the reader, not the greatest."""

    def resolve(self, location: str, reader: int) -> tuple[int | None, list[Any], int]:
        """As if only the least were there."""
        writers = [one for one in self.data.get(location, {}) if one < reader]
        return super().resolve(location, min(writers) + 1 if writers and reader < self.size else reader)


class FirstUnrecorded(Engine):
    """The first read of an execution is not recorded."""

    def keep_reads(self, index: int, reads: list[Read], effects: Any, result: str) -> None:
        """Without the first read."""
        super().keep_reads(index, reads[1:], effects, result)


class OriginsLie(Engine):
    """Right values with wrong origins: all say that they are from the storage."""

    def certified_reads(self, index: int) -> list[Read]:
        """The same values."""
        return [(at, [STORAGE], value) for at, _, value in super().certified_reads(index)]


# --- what is no mistake ----------------------------------------------------------------------------------------------


class AlwaysNew(Engine):
    """Every execution sends validation back: more is validated than must be."""

    def record(self, worker: int, version: Version, effects: Any, reads: list[Read]) -> bool:
        """Always new."""
        super().record(worker, version, effects, reads)
        return True


class SpuriousAborts(Engine):
    """First incarnations fail, valid or not: an abort costs time, and nothing else."""

    def scan(self, worker: int, version: Version, read: Read) -> bool:
        """No, the first time."""
        if version[1] == 0 and version[0] > 0:
            self.say(worker, "scan", version, location=read[0], origins=read[1], ok=False)
            return False
        return super().scan(worker, version, read)


class AbortAnyIncarnation(Engine):
    """A validator aborts whichever incarnation is executed: it may abort a valid one."""

    def try_abort(self, worker: int, version: Version) -> bool:
        """The present one."""
        return super().try_abort(worker, (version[0], self.status[version[0]][1]))


MISTAKES: dict[str, type[Engine]] = {
    "counted-late": CountedLate,
    "done-early": DoneEarly,
    "never-invalid": NeverInvalid,
    "storage-unrecorded": StorageUnrecorded,
    "no-wave": NoWave,
    "no-abort-wave": NoAbortWave,
    "stale-entries": StaleEntries,
    "lost-wake-up": LostWakeUp,
    "own-entry": OwnEntry,
    "least-writer": LeastWriter,
    "read-unrecorded": FirstUnrecorded,
    "origins-lie": OriginsLie,
}
SOUND: dict[str, type[Engine]] = {
    "always-new": AlwaysNew,
    "spurious-aborts": SpuriousAborts,
    "abort-any-incarnation": AbortAnyIncarnation,
}
