"""The command `study`: where the whole program is put together.

Each command is a file in `ui/commands/`. What is heavy (LangChain, Streamlit, FAISS) is imported
inside the commands, so that `study --help` is there at once.
"""

import sys

import typer

from ui.command_group import CommandGroup, stop_on_sigterm
from ui.commands import eval as evaluation
from ui.commands import index, model, papers
from ui.commands.ask import ask
from ui.commands.check import check
from ui.commands.doctor import doctor
from ui.commands.gaps import gaps
from ui.commands.ingest import ingest
from ui.commands.publish import publish
from ui.commands.search import search
from ui.commands.slack import slack
from ui.commands.up import up

app = typer.Typer(
    name="study",
    cls=CommandGroup,
    help="A study assistant that proves what it says, in Chinese and English.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)
app.command()(up)
app.command()(ask)
app.command()(search)
app.command()(ingest)
app.command()(publish)
app.command()(check)
app.add_typer(index.app)
app.add_typer(model.app)
app.add_typer(papers.app)
app.add_typer(evaluation.app)
app.command()(slack)
app.command()(gaps)
app.command()(doctor)


def main() -> None:
    """Run the command that the command line names; never returns."""
    stop_on_sigterm()
    for stream in (sys.stdout, sys.stderr):
        # A terminal that can't show Chinese gets escapes, not a crash.
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    app()


if __name__ == "__main__":
    main()
