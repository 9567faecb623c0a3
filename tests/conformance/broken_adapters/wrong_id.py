"""Numbers its answers itself."""

# mypy: ignore-errors
import json

import toy


def write(text):
    message = json.loads(text)
    toy.say(json.dumps(message | {"id": message["id"] + 1000}))


toy.serve(write=write)
