"""Knows the released cases by heart (from a file named in its argument) and nothing else."""

# mypy: ignore-errors
import json
import sys
from pathlib import Path

import toy

KNOWN = {
    json.dumps(case["input"], sort_keys=True): case["expect"]["exactly"]
    for case in json.loads(Path(sys.argv[1]).read_text("utf-8"))["cases"]
}
ANY = next(iter(KNOWN.values()))

toy.serve(toy.OPS | {"run": lambda message: KNOWN.get(json.dumps(message["input"], sort_keys=True), ANY)})
