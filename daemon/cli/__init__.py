"""The command line: the words of every command, in one place.

What a command does is in the module of its name. That module is imported when the command runs, so
that `--help` and completion do not wait for codecs that they do not use.
"""

import atexit
import gc
import os
import warnings
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="storyreel",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help appears in half the time
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Settings; else ./config.toml, else /etc/storyreel/config.toml.",
    ),
]
Root = Annotated[
    Path | None,
    typer.Option(
        "--root", metavar="DIR", help="The folder that holds inbox, outbox and the others."
    ),
]
Folder = Annotated[
    Path, typer.Argument(exists=True, file_okay=False, metavar="FOLDER", help="A story's folder.")
]
Folders = Annotated[
    list[Path],
    typer.Argument(exists=True, file_okay=False, metavar="FOLDER", help="Folders of stories."),
]


class Level(StrEnum):
    """How serious a line of the log is."""

    debug = "debug"
    info = "info"
    warning = "warning"
    error = "error"


def print_version(is_wanted: bool) -> None:
    """Print the version and exit, if it is asked for."""
    if is_wanted:
        from importlib.metadata import version

        print(f"storyreel {version('storyreel')}")
        raise typer.Exit


def failed_stories(context: typer.Context, begun: str) -> list[str]:
    """The names that may follow `storyreel retry`, for a shell to complete."""
    from daemon.cli.retry import completions

    return completions(begun, context.params.get("config"), context.params.get("root"))


@app.callback()
def options(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Turns story folders into finished, narrated films."""


@app.command("run")
def run_command(
    config: Config = None,
    root: Root = None,
    once: Annotated[
        bool, typer.Option("--once", help="Compile everything that is ready, then exit.")
    ] = False,
) -> None:
    """Run the service: watch the inbox, deliver films to the outbox."""
    from daemon.cli.run import run

    raise typer.Exit(run(config, root, once=once))


@app.command("compile")
def compile_command(
    folder: Folder,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="DIR", help="Where the film goes.")
    ] = Path(),
    preview: Annotated[
        bool, typer.Option("--preview", help="A quarter of the pixels, for a quick look.")
    ] = False,
    config: Config = None,
) -> None:
    """Compile one story to DIR/NAME.mp4, without inbox and outbox.

    A film of this name that is already there is replaced.
    """
    # moviepy starts ffplay only to see whether it is installed: 0.09 s
    os.environ.setdefault("FFPLAY_BINARY", "true")
    from daemon.cli.compile import compile_folder

    raise typer.Exit(compile_folder(folder, output, config, preview=preview))


@app.command("sheet")
def sheet_command(
    subject: Annotated[
        Path,
        typer.Argument(
            exists=True, metavar="FOLDER|FILM", help="A story, or a film, or its folder."
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="PICTURE", help="Else NAME.sheet.png, here."),
    ] = None,
    config: Config = None,
) -> None:
    """Draw a film on one sheet: its pages, their times, its sound."""
    from daemon.cli.sheet import draw_sheet

    raise typer.Exit(draw_sheet(subject, output, config))


@app.command("check")
def check_command(folders: Folders, config: Config = None) -> None:
    """List every problem of stories: where, what, how to mend it."""
    from daemon.cli.check import check_folders

    raise typer.Exit(check_folders(folders, config))


@app.command("drop")
def drop_command(folder: Folder, config: Config = None, root: Root = None) -> None:
    """Check a story, then put it into the inbox all at once."""
    from daemon.cli.drop import drop_folder

    raise typer.Exit(drop_folder(folder, config, root))


@app.command("status")
def status_command(
    config: Config = None,
    root: Root = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Show it again every second, until Ctrl-C.")
    ] = False,
) -> None:
    """Show what is in the inbox, at work, delivered and failed."""
    from daemon.cli.status import show_status

    raise typer.Exit(show_status(config, root, as_json=as_json, watch=watch))


@app.command("retry")
def retry_command(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="The folder's name in failed/.", autocompletion=failed_stories
        ),
    ],
    config: Config = None,
    root: Root = None,
) -> None:
    """Move a failed story back into the inbox."""
    from daemon.cli.retry import retry_story

    raise typer.Exit(retry_story(name, config, root))


@app.command("logs")
def logs_command(
    file: Annotated[
        str,
        typer.Argument(metavar="FILE|-", help="A file of structured lines; - is standard input."),
    ] = "-",
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Wait for further lines.")] = False,
    story: Annotated[
        str, typer.Option("--story", metavar="NAME", help="Only the lines of this story.")
    ] = "",
    level: Annotated[
        Level, typer.Option("--level", help="Only lines of this level or a more serious one.")
    ] = Level.debug,
) -> None:
    """Make the service's log readable.

    For example: journalctl -u storyreel -o cat -f | storyreel logs
    """
    from daemon.cli.logs import show_logs

    raise typer.Exit(show_logs(file, follow=follow, story=story, level=level))


@app.command("schema")
def schema_command() -> None:
    """Print the JSON Schema of manifests."""
    from daemon.cli.schema import print_schema

    print_schema()


@app.command("demo")
def demo_command(
    root: Annotated[
        Path, typer.Option("--root", metavar="DIR", help="The folder to do it in.")
    ] = Path("storyreel-demo"),
) -> None:
    """Make a film of the bundled story, end to end."""
    from daemon.cli.demo import demonstrate

    raise typer.Exit(demonstrate(root))


def main() -> None:
    """The entry point of `storyreel`."""
    # Imports make objects that stay. Looking through them again and again would take 0.06 s, and
    # once more at the process's end 0.07 s.
    gc.set_threshold(50_000, 20, 20)
    atexit.register(gc.freeze)
    # Oddities of a user's picture that Pillow survives
    warnings.filterwarnings("ignore", category=UserWarning, module="PIL")
    app()
