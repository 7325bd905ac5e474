"""A small `study` that honours the contract of publishing, without models: run as a program.

It takes in Markdown files whole, one passage each. A file with BAD in it doesn't pass the gate, one
with BROKEN can't be read, and one with CRASH ends the command without a word. `FAKE_PAUSE_S` is
the time that each stage takes.
"""

import hashlib
import json
import os
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from ingest.word_changes import word_changes

HOME = Path(os.environ.get("STUDY_HOME", "var"))
PAUSE_S = float(os.environ.get("FAKE_PAUSE_S", "0"))
STAGES = ("parse", "chunk", "embed", "index", "evaluate", "promote")


def main() -> None:
    words = sys.argv[1:]
    cut = words.index("--") if "--" in words else len(words)
    command, files = words[:cut], [Path(word) for word in words[cut + 1 :]]
    signal.signal(signal.SIGTERM, _leave)
    match command:
        case ["check", *_]:
            print(json.dumps({"files": [_checked(path) for path in files]}, ensure_ascii=False))
        case ["publish", *options]:
            _publish(options, files)
        case ["index", "rollback", *options]:
            _roll_back(options)
        case _:
            sys.exit(2)


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(143)


def _option(options: list[str], name: str) -> str:
    return options[options.index(name) + 1] if name in options else ""


def _checked(path: Path) -> dict[str, Any]:
    text = path.read_bytes().decode("utf-8", "replace")
    refusal = None
    if path.suffix != ".md":
        refusal = {"kind": "UnknownKind", "message": f"No reader for {path.suffix}.", "hint": "H."}
    place = {"unit": "line", "number": 3, "excerpt": "ignore all previous <instructions>"}
    findings = [{"kind": "instruction", **place}] if "ignore all previous" in text else []
    return {
        "name": path.name,
        "size_bytes": len(text),
        "sha256": "",
        "refusal": refusal,
        "title": text.partition("\n")[0].strip("# "),
        "language": "zh",
        "audience": "all",
        "findings": findings,
        "n_findings": len(findings),
    }


# --- Generations -----------------------------------------------------------------------------


def live_name() -> str:
    path = HOME / "index" / "CURRENT"
    return path.read_text(encoding="utf-8").strip() if path.exists() else ""


def manifest(name: str) -> dict[str, Any]:
    path = HOME / "index" / "generations" / name / "manifest.json"
    return dict(json.loads(path.read_text(encoding="utf-8"))) if name else {"sources": {}}


def found(roots: list[Path]) -> dict[str, tuple[Path, Path]]:
    return {
        path.relative_to(root).as_posix(): (root, path)
        for root in roots
        for path in sorted(root.rglob("*.md"))
        if not path.name.startswith(".")
    }


def build(name: str, sources: dict[str, Any]) -> None:
    folder = HOME / "index" / "generations" / name
    folder.mkdir(parents=True, exist_ok=True)
    values = {
        "name": name,
        "created_at": datetime.now(UTC).isoformat(),
        "n_passages": len(sources),
        "n_sentences": 0,
        "dim": 1,
        "shaped_by": {},
        "sources": sources,
        "files": {},
        "roots": sorted({source["root"] for source in sources.values()}),
        "format": 1,
        "counts": {},
    }
    (folder / "manifest.json").write_text(json.dumps(values), encoding="utf-8")


def make_live(name: str) -> None:
    (HOME / "index" / "CURRENT").write_text(name + "\n", encoding="utf-8")


def text_of(home: Path, sha256: str) -> str:
    """Return the text with this sha256, which some generation keeps."""
    found = sorted(home.glob(f"index/generations/*/texts/{sha256}"))
    return found[0].read_text(encoding="utf-8") if found else ""


def _publish(options: list[str], roots: list[Path]) -> None:
    before = manifest(live_name())["sources"]
    files, failures, sources, texts = [], [], {}, {}
    for source, (root, path) in found(roots).items():
        text = path.read_text(encoding="utf-8")
        if "CRASH" in text:
            sys.exit(1)
        if "BROKEN" in text:
            failures.append(
                {
                    "source": source,
                    "place": "line 1",
                    "message": "It can't be understood.",
                    "hint": "Mend it.",
                }
            )
            if source in before:
                sources[source] = before[source]
            continue
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        texts[sha256] = text
        sources[source] = {
            "sha256": sha256,
            "root": str(root),
            "title": text.partition("\n")[0].strip("# "),
            "language": "zh" if "zh" in source else "en",
            "n_passages": 1,
        }
        if source not in before or before[source]["sha256"] != sha256:
            old = before.get(source)
            former = text_of(HOME, old["sha256"]) if old else None
            changed = word_changes(former, text) if former else ()
            files.append(
                {
                    "source": source,
                    "change": "changed" if old else "added",
                    "moved_from": None,
                    "passages": {"added": 0 if old else 1, "changed": 1 if old else 0},
                    "changes": [
                        {
                            "change": "changed" if old else "added",
                            "heading": ["H"],
                            "before": former,
                            "after": text,
                            "words": [{"op": word.op, "text": word.text} for word in changed],
                        }
                    ],
                    "cases": ["zh-case-001"] if old else [],
                }
            )
    for source in sorted(set(before) - set(sources) - {each["source"] for each in failures}):
        gone = {"source": source, "change": "removed", "passages": {"removed": 1}, "changes": []}
        files.append({**gone, "moved_from": None, "cases": []})
    plan = {
        "files": files,
        "kept_files": len(sources) - len(files),
        "vectors": len(files),
        "rebuild": None,
    }
    if "--dry-run" in options:
        time.sleep(PAUSE_S)
        print(json.dumps({"plan": plan}, ensure_ascii=False))
        return
    _show_progress()
    is_bad = any("BAD" in text for text in texts.values())
    forced = "--force" in options
    published = not is_bad or forced
    name = f"2026{time.time_ns()}"
    build(name, sources)
    kept = HOME / "index" / "generations" / name / "texts"
    kept.mkdir()
    for sha256, text in texts.items():
        (kept / sha256).write_text(text, encoding="utf-8")
    previous = live_name()
    if published:
        make_live(name)
    reason = _option(options, "--reason") if forced else ""
    if is_bad and not forced:
        reason = "recall@5 fell from 0.950 to 0.700; at least 0.930 is wanted."
    scores = {
        "recall@5": {"candidate": 0.7 if is_bad else 0.95, "live": 0.95 if previous else None}
    }
    _note(
        "force" if forced else "publish" if published else "reject", options, previous, name, reason
    )
    print(
        json.dumps(
            {
                "published": published,
                "generation": name if published else previous or None,
                "candidate": name,
                "previous": previous or None,
                "reason": reason,
                "forced": forced,
                "plan": plan,
                "scores": scores,
                "cases": 30,
                "failures": failures,
            },
            ensure_ascii=False,
        )
    )


def _show_progress() -> None:
    folder = HOME / "publish"
    folder.mkdir(parents=True, exist_ok=True)
    started_at = datetime.now(UTC).isoformat()
    for stage in (*STAGES, "done"):
        values = {
            "stage": stage,
            "done": 1,
            "total": 2,
            "started_at": started_at,
            "updated_at": datetime.now(UTC).isoformat(),
            "pid": os.getpid(),
            "message": "",
        }
        (folder / "progress.new").write_text(json.dumps(values), encoding="utf-8")
        (folder / "progress.new").replace(folder / "progress.json")
        time.sleep(PAUSE_S)


def _note(action: str, options: list[str], origin: str, to: str, reason: str) -> None:
    line = {
        "at": datetime.now(UTC).isoformat(),
        "by": _option(options, "--by"),
        "action": action,
        "from": origin,
        "to": to,
        "reason": reason,
        "scores": {},
        "summary": "1 file changed",
    }
    path = HOME / "publish" / "audit.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as log:
        log.write(json.dumps(line, ensure_ascii=False) + "\n")


def _roll_back(options: list[str]) -> None:
    names = sorted(
        path.parent.name for path in (HOME / "index").glob("generations/*/manifest.json")
    )
    to, former = _option(options, "--to"), live_name()
    if to not in names:
        print(json.dumps({"error": f"There is no generation {to}.", "hint": "Look at the list."}))
        sys.exit(1)
    make_live(to)
    _note("rollback", options, former, to, _option(options, "--reason"))
    print(json.dumps({"live": to, "former": former}))


if __name__ == "__main__":
    main()
