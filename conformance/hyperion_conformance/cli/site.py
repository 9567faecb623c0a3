"""``hyperion site``: build the document as HTML, offline, with warnings as errors."""

import webbrowser
from pathlib import Path
from typing import Annotated, Final

import typer

from hyperion_conformance.cli import TARGET_WRONG, USAGE
from hyperion_conformance.registry import project_root

app: Final = typer.Typer(add_completion=False)


@app.command()
def site(
    out: Annotated[Path | None, typer.Option(help="Folder to write (default: site/ in the checkout).")] = None,
    show: Annotated[bool, typer.Option("--open", help="Open the front page in a browser afterwards.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Read every chapter anew.")] = False,
    root: Annotated[Path | None, typer.Option(help="The checkout to read (default: the one around you).")] = None,
) -> None:
    """Build the document: chapters from spec/, code, tables and rules from the model itself."""
    from sphinx.cmd.build import build_main

    try:
        checkout = project_root(root)
    except FileNotFoundError as error:
        typer.echo(f"hyperion site: {error}", err=True)
        raise typer.Exit(USAGE) from None
    target = (out or checkout / "site").resolve()
    # -n: every reference must resolve; -W: warnings fail the build; --keep-going: but show all of them first.
    options = ["-n", "-W", "--keep-going", "-q", "-b", "html", "-d", str(target / ".doctrees")]
    failed = build_main([*options, *(["-E", "-a"] if fresh else []), str(checkout / "spec"), str(target)])
    if failed:
        typer.echo("hyperion site: not built: the warnings above are errors", err=True)
        raise typer.Exit(TARGET_WRONG)
    pages = len(list(target.glob("*.html")))
    typer.echo(f"site: {pages} pages, front page {target / 'index.html'}")
    if show:
        webbrowser.open((target / "index.html").as_uri())
