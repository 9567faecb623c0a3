"""The command ``hyperion``: a root that knows none of its sub-commands, and finds them as plug-ins.

A package adds a sub-command through the entry point group ``hyperion.commands``: the name is the sub-command, the value
a ``typer.Typer`` app or a function. A plug-in is imported only when it is used, so ``hyperion rules`` does not wait for
the libraries of ``hyperion vm``; one that cannot be imported says so when it is asked for, and harms no other.
"""

from collections.abc import Callable, Iterator, MutableMapping
from importlib.metadata import EntryPoint, entry_points, version
from typing import Annotated, Final, TypeAlias, cast

import typer
from typer.core import TyperCommand, TyperGroup

Command: TypeAlias = TyperCommand | TyperGroup

GROUP: Final = "hyperion.commands"

# Exit codes are part of the interface: scripts and CI jobs of client teams branch on them.
HOLDS: Final = 0
TARGET_WRONG: Final = 1
USAGE: Final = 2
ADAPTER_BROKE: Final = 3
INCONCLUSIVE: Final = 4


def command_of(plugin: object, name: str) -> Command:
    """The command that a plug-in's value stands for: a Typer app as it is, a function as the app's only command."""
    if isinstance(plugin, typer.Typer):
        app = plugin
    elif callable(plugin):
        app = typer.Typer(add_completion=False)
        app.command()(cast(Callable[..., object], plugin))
    else:
        raise TypeError(f"plug-in {name!r} is neither a typer.Typer nor a function")
    command = cast(Command, typer.main.get_command(app))
    command.name = name
    return command


def unavailable(name: str, why: Exception) -> Command:
    """A stand-in for a plug-in that does not load: it prints one line that says why, and exits with code 2."""
    app = typer.Typer(add_completion=False)

    @app.command(
        help=f"(not available: {type(why).__name__})",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []},
    )
    def say_why(context: typer.Context) -> None:
        del context
        typer.echo(f"hyperion {name}: not available: {type(why).__name__}: {why}", err=True)
        raise typer.Exit(USAGE)

    return command_of(app, name)


def load(entry: EntryPoint) -> Command:
    """Import a plug-in; whatever goes wrong while it is imported becomes a command that reports it."""
    try:
        return command_of(entry.load(), entry.name)
    except Exception as error:
        return unavailable(entry.name, error)


class Plugins(MutableMapping[str, Command]):
    """Sub-commands by name, each imported when it is first looked up."""

    def __init__(self) -> None:
        self.entries = {entry.name: entry for entry in entry_points(group=GROUP)}
        self.loaded: dict[str, Command] = {}

    def __getitem__(self, name: str) -> Command:
        if name not in self.loaded:
            self.loaded[name] = load(self.entries[name])
        return self.loaded[name]

    def __setitem__(self, name: str, command: Command) -> None:
        self.loaded[name] = command

    def __delitem__(self, name: str) -> None:
        self.loaded.pop(name, None)
        self.entries.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*self.entries, *self.loaded}))

    def __len__(self) -> int:
        return len({*self.entries, *self.loaded})


class Root(TyperGroup):
    """The group whose commands are the plug-ins."""

    def __init__(self, **settings: object) -> None:
        super().__init__(**settings)  # type: ignore[arg-type]
        self.commands = cast(MutableMapping[str, object], Plugins())  # type: ignore[assignment]

    def list_commands(self, ctx: object) -> list[str]:
        """Names of the sub-commands in alphabetic order; nothing is imported to list them."""
        del ctx
        return list(self.commands)


app = typer.Typer(cls=Root, add_completion=False, no_args_is_help=True, rich_markup_mode="rich")


def print_version(wanted: bool) -> None:
    """Print the version of the distribution and stop."""
    if wanted:
        typer.echo(f"hyperion-spec {version('hyperion-spec')}")
        raise typer.Exit(HOLDS)


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """The executable reference model of Hyperion: read it, run it, and hold other clients against it."""


def main() -> None:
    """Entry of the console script."""
    app(prog_name="hyperion")
