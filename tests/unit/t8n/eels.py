"""Makes ``eels.json``: what the transition tool of EELS makes of ``input.json``, under several forks.

Run it where the package ethereum-execution (2.20.0) is installed, with its command on the PATH:

    PATH=.peers/python/bin:$PATH python tests/unit/t8n/eels.py > tests/unit/t8n/eels.json

The last transaction of the input is one that is rejected; it is left out but under "rejected", since EELS has the
rejected transaction in its ``txRoot`` and ``body``.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

FORKS = ("Cancun", "Prague", "Osaka")
OPTIONS = ("input.alloc=stdin", "input.env=stdin", "input.txs=stdin")
OUTPUTS = ("output.alloc=stdout", "output.result=stdout", "output.body=stdout")


def answer(fork: str, given: dict[str, Any]) -> Any:
    """The alloc, result and body of EELS."""
    command = ["ethereum-spec-evm", "t8n", *(f"--{option}" for option in OPTIONS + OUTPUTS), f"--state.fork={fork}"]
    done = subprocess.run(command, input=json.dumps(given), text=True, check=True, capture_output=True)
    return json.loads(done.stdout)


def main() -> None:
    given = json.loads((Path(__file__).parent / "input.json").read_text())
    valid = {**given, "txs": given["txs"][:-1]}
    answers = {fork: answer(fork, valid) for fork in FORKS} | {"rejected": answer("Prague", given)}
    sys.stdout.write(json.dumps(answers, indent=1) + "\n")


if __name__ == "__main__":
    main()
