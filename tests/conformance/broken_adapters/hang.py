"""Never answers when MUL is executed; has a child that would outlive it."""

# mypy: ignore-errors
import subprocess
import sys
import time

import toy


def before(message):
    if message["op"] == "run" and toy.multiplies(message):
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        time.sleep(60)


toy.serve(before=before)
