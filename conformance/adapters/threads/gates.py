"""What stands before each access to what threads share: chance, or somebody who grants one access at a time."""

from __future__ import annotations

import random
import threading
import time

LEFT = "EXIT"


class Stopped(Exception):
    """The session was closed while the thread waited for a grant."""


class Chance:
    """Threads run freely; now and then one is made to wait, so that few cores show many interleavings."""

    def __init__(self, seed: int, workers: int) -> None:
        self.choices = [random.Random(seed * 1_000 + worker) for worker in range(workers)]

    def point(self, worker: int, label: str) -> None:
        """Before an access."""
        chance = self.choices[worker].random()
        if chance < 0.3:
            time.sleep(0 if chance < 0.25 else 0.00005)

    def refused(self, worker: int) -> None:
        """The access must wait for a lock."""
        time.sleep(0)

    def left(self, worker: int) -> None:
        """The thread has ended."""


class Grants:
    """Each thread waits at each access until it is granted."""

    def __init__(self, workers: int) -> None:
        self.at = [""] * workers
        self.waits = [False] * workers
        self.stopped = False
        self.arrived = [threading.Semaphore(0) for _ in range(workers)]
        self.granted = [threading.Semaphore(0) for _ in range(workers)]

    def point(self, worker: int, label: str) -> None:
        """Before an access: say so, and wait for the grant."""
        self.at[worker] = label
        self.arrived[worker].release()
        self.granted[worker].acquire()
        if self.stopped:
            raise Stopped

    def refused(self, worker: int) -> None:
        """The access that was granted must wait for a lock."""
        self.waits[worker] = True

    def left(self, worker: int) -> None:
        """The thread has ended."""
        self.at[worker] = LEFT
        self.arrived[worker].release()

    # --- by who grants ---

    def settled(self, worker: int) -> None:
        """Wait until a thread stands before its next access, or has ended."""
        self.arrived[worker].acquire()

    def grant(self, worker: int) -> bool:
        """Let a thread make one access; whether it could."""
        if self.at[worker] == LEFT:
            return False
        self.waits[worker] = False
        self.granted[worker].release()
        self.settled(worker)
        return not self.waits[worker]

    def stop(self) -> None:
        """Let all threads go that wait for a grant."""
        self.stopped = True
        for grant in self.granted:
            grant.release()
