"""`study papers`: the papers behind the study notes, fetched and taken in with their pages."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.errors import ConfigError
from ui import terminal
from ui.command_group import JsonOption

if TYPE_CHECKING:
    from assistant.settings import Settings
    from ingest.papers import Paper

app = typer.Typer(name="papers", help="The papers behind the study notes.", no_args_is_help=True)

LIST = Path("papers/papers.toml")
FOLDER = "papers"


@app.command()
def fetch(
    paper_ids: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ID…", help="As in papers.toml; all by default.", show_default=False
        ),
    ] = None,
    ingest: Annotated[
        bool, typer.Option(help="Take what was fetched into the index as well.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Download the papers' PDFs and take them into the index, with their pages.

    Those that are there are not fetched again. Needs a network; the PDFs are kept under STUDY_HOME.

    Example: study papers fetch attention bert
    """
    from assistant.settings import Settings
    from ui.commands.ingest import ingest_materials, report_lines

    settings = Settings.load()
    papers = _chosen(settings, paper_ids or [])
    folder = settings.home / FOLDER
    with terminal.progress() as bars:
        paths, failures = _fetch_all(settings, papers, folder, bars)
        report = ingest_materials(settings, [folder], bars) if ingest and paths else None
    if as_json:
        terminal.print_json(
            {
                "fetched": {paper_id: str(path) for paper_id, path in paths.items()},
                "failed": [
                    {"id": paper_id, "reason": reason, "hint": hint}
                    for paper_id, (reason, hint) in failures.items()
                ],
                "ingest": report.to_json() if report else None,
            }
        )
    else:
        terminal.print_result(f"{terminal.counted(len(paths), 'paper')} in {folder}.")
        for paper_id, (reason, hint) in failures.items():
            terminal.print_result(f"    not fetched: {paper_id}: {reason}. {hint}")
        if report:
            terminal.print_result("\n".join(report_lines(report)))
    if failures or (report and report.failures):
        raise typer.Exit(1)


def _chosen(settings: "Settings", paper_ids: list[str]) -> "list[Paper]":
    """Return the papers of all corpus folders, or those with the ids.

    Raises:
        ConfigError: there is no list, or no paper of that id in it.
    """
    from ingest.papers import load_papers

    lists = [path for root in settings.corpus if (path := root / LIST).is_file()]
    papers = {
        paper.paper_id: paper
        for path in lists
        for paper in load_papers(path, arxiv_url=settings.arxiv_url)
    }
    if not papers:
        raise ConfigError(
            f"There is no {LIST} in the corpus.", hint="STUDY_CORPUS names the folders looked in."
        )
    if unknown := [paper_id for paper_id in paper_ids if paper_id not in papers]:
        raise ConfigError(
            f"There is no paper {', '.join(unknown)} in {LIST}.",
            hint=f"There are: {', '.join(papers)}.",
        )
    return [papers[paper_id] for paper_id in paper_ids] if paper_ids else list(papers.values())


def _fetch_all(
    settings: "Settings", papers: "list[Paper]", folder: Path, bars: terminal.Bars
) -> tuple[dict[str, Path], dict[str, tuple[str, str]]]:
    """Return the path of each paper that is here now, and why the others are not, with a hint."""
    from ingest.papers import NoNetwork, NotFetched, fetch_paper, new_client, pause_before

    paths: dict[str, Path] = {}
    failures: dict[str, tuple[str, str]] = {}
    last_url = ""
    unreachable: tuple[str, str] | None = None
    with new_client() as client:
        for paper in papers:
            is_here = (folder / paper.file_name).is_file()
            if not is_here and paper.pdf and settings.offline:
                failures[paper.paper_id] = ("fetching is switched off", "Unset STUDY_OFFLINE.")
                continue
            if not is_here and paper.pdf and unreachable:
                # The next address would only cost another time-out.
                failures[paper.paper_id] = unreachable
                continue
            if not is_here and paper.pdf:
                pause_before(paper.pdf, last_url)
                last_url = paper.pdf
            try:
                paths[paper.paper_id] = fetch_paper(
                    client, paper, folder, report=bars.add(paper.paper_id, "bytes")
                )
            except NotFetched as error:
                failures[paper.paper_id] = (str(error), error.hint)
                if isinstance(error, NoNetwork):
                    unreachable = failures[paper.paper_id]
    return paths, failures
