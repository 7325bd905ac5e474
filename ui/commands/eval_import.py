"""`study eval import`: public sets as cases."""

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from ui import terminal
from ui.command_group import JsonOption

if TYPE_CHECKING:
    from evals.imported_set import Imported

imports = typer.Typer(name="import", help="Public sets as cases.", no_args_is_help=True)


@imports.command("beir")
def import_beir(
    folder: Annotated[Path, typer.Argument(help="With corpus.jsonl, queries.jsonl and qrels/.")],
    out: Annotated[Path, typer.Argument(help="Gets corpus/ and cases.jsonl.")],
    split: Annotated[str, typer.Option(help="Of the relevance judgements.")] = "test",
    as_json: JsonOption = False,
) -> None:
    """Turn a BEIR-style retrieval set into documents and cases."""
    from evals.import_beir import import_beir as do

    _say_imported(do(folder, out, split=split), out, as_json=as_json)


@imports.command("squad")
def import_squad(
    file: Annotated[Path, typer.Argument(help="SQuAD's JSON form (also CMRC's, XQuAD's).")],
    out: Annotated[Path, typer.Argument(help="Gets cases.jsonl and, without --given, corpus/.")],
    given: Annotated[
        bool, typer.Option("--given", help="Each question brings its paragraph; no search.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Turn a SQuAD-style file into documents and cases."""
    from evals.import_squad import import_squad as do

    _say_imported(do(file, out, given=given), out, as_json=as_json)


@imports.command("nomiracl")
def import_nomiracl(
    file: Annotated[
        Path, typer.Argument(help="JSON lines: query_id, language, question, passages, answerable.")
    ],
    out: Annotated[Path, typer.Argument(help="Gets cases.jsonl.")],
    as_json: JsonOption = False,
) -> None:
    """Turn a file of NoMIRACL into cases that bring their passages.

    A run gives both of its error rates: wrongly answered and wrongly refused.
    """
    from evals.import_nomiracl import import_nomiracl as do

    _say_imported(do(file, out), out, as_json=as_json)


def _say_imported(imported: "Imported", out: Path, *, as_json: bool) -> None:
    from evals.imported_set import CASES, CORPUS

    cases, corpus = out / CASES, out / CORPUS if imported.n_documents else None
    if imported.unread:
        terminal.warn(
            f"{terminal.counted(len(imported.unread), 'line')} can't be read, or is about what is "
            "blank or not in the set: "
            f"{'; '.join(imported.unread[:3])}{' …' * (len(imported.unread) > 3)}"
        )
    if as_json:
        terminal.print_json(
            {
                "n_cases": imported.n_cases,
                "cases": str(cases),
                "corpus": str(corpus) if corpus else None,
                "unread": imported.unread,
            }
        )
        return
    terminal.print_result(f"{terminal.counted(imported.n_cases, 'case')} in {cases}.")
    home = f"STUDY_HOME={quote(str(out / 'var'))} " if corpus else ""
    ingest = f"{home}study ingest {quote(str(corpus))}, then " if corpus else ""
    terminal.note(f"Next: {ingest}{home}study eval run --set {quote(str(cases))}")
