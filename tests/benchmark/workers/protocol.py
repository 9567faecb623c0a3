"""The worker's side of the pipe: a line of JSON in, a line out. Foreign engines import it: standard library only."""

import json
import sys
import time
from collections.abc import Callable
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]
Run: TypeAlias = Callable[[], Json]
Prepare: TypeAlias = Callable[[], Run]
"""Makes a fresh state, which is not timed; gives the run, which is."""
Load: TypeAlias = Callable[[Json], Prepare]


def timed(run: Run) -> Json:
    """The result of ``run``, with the CPU seconds that it took."""
    begin = time.process_time()
    result = run()
    return {"seconds": time.process_time() - begin, **result}


def serve(version: str, load: Load) -> None:
    """Answer ``{"load": program}`` and ``{"run": true}`` until the pipe ends. ``gas`` is without refunds."""
    prepare: Prepare | None = None
    answer: Json
    for line in sys.stdin:
        request = json.loads(line)
        if "load" in request:
            prepare = load(request["load"])
            answer = {"version": version}
        else:
            assert prepare is not None
            answer = timed(prepare())
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
