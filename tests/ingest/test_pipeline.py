import json
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from assistant.errors import IngestError
from assistant.generations import Source
from assistant.records import Passage
from ingest.parse import Limits
from ingest.parser_pool import COMMAND, parse_all
from ingest.pipeline import BuildResult, Report, carry_out, report_on
from ingest.plan import Live, Planned, Progress, make_plan, parsing_fingerprint
from tests.ingest.documents import Text, pdf, picture_pdf

LIMITS = Limits(max_file_bytes=100_000_000, max_unpacked_bytes=50_000_000, timeout_s=60)


def count_tokens(text: str) -> int:
    return len(text)


@dataclass(slots=True)
class FakeBuild:
    """Keeps what it is given; the generation is named by how often it was called."""

    calls: int = 0
    live: Live = field(default_factory=Live)

    def __call__(
        self,
        passages: Sequence[Passage],
        *,
        sources: Mapping[str, Source],
        roots: Sequence[str],
        shaped_by: Mapping[str, str],
    ) -> BuildResult:
        self.calls += 1
        of_source: dict[str, list[Passage]] = {name: [] for name in sources}
        for passage in passages:
            of_source[passage.source].append(passage)
        self.live = Live(
            generation=f"g{self.calls}",
            sources=dict(sources),
            passages={name: tuple(each) for name, each in of_source.items()},
            shaped_by=dict(shaped_by),
        )
        assert sorted({source.root for source in sources.values()}) == list(roots)
        return BuildResult(
            generation=self.live.generation,
            n_vectors_computed=len(passages),
        )


@dataclass(slots=True)
class Home:
    """A folder of documents, and what is live of it."""

    folder: Path
    build: FakeBuild = field(default_factory=FakeBuild)

    def write(self, **texts: str | bytes) -> None:
        for name, text in texts.items():
            path = self.folder / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())

    def remove(self, name: str) -> None:
        (self.folder / name).unlink()

    def ingest(self, *roots: str, dry_run: bool = False, **options: Any) -> Report:
        plan = self.plan(*roots, **options)
        return report_on(plan, dry_run=True) if dry_run else carry_out(plan, self.build)

    def plan(
        self,
        *roots: str,
        drop_failed: bool = False,
        only: bool = False,
        rebuild: bool = False,
        max_tokens: int = 200,
        embedder: str = "fake",
        announce: Callable[[str], None] = lambda reason: None,
        progress: Progress = lambda stage, done, total, source: None,
        command: Sequence[str] = COMMAND,
    ) -> Planned:
        return make_plan(
            [self.folder / root for root in roots or ("",)],
            parse=partial(parse_all, workers=1, command=command),
            limits=LIMITS,
            max_tokens=max_tokens,
            count_tokens=count_tokens,
            embedder=embedder,
            live=self.build.live,
            drop_failed=drop_failed,
            only=only,
            rebuild=rebuild,
            announce=announce,
            progress=progress,
        )

    @property
    def texts(self) -> dict[str, list[str]]:
        return {
            name: [passage.text for passage in passages]
            for name, passages in self.build.live.passages.items()
        }


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_new_files_are_taken_in_and_recorded(home: Home) -> None:
    home.write(
        zh__a_dot_md="---\naudience: hr\nowner: o\nversion: 2\n---\n# 题\n\n文字。",
        en__b_dot_txt="Text.",
        skipped_dot_csv="x",
    )
    report = home.ingest()
    assert report.added == ("en/b.txt", "zh/a.md")
    assert (report.n_files, report.n_passages, report.generation) == (2, 2, "g1")
    assert [each.source for each in report.skipped] == ["skipped.csv"]
    assert report.n_vectors_computed == 2
    assert set(report.seconds) == {"discover", "parse", "chunk", "embed", "index"}
    assert report.passages.added == 2
    assert home.texts == {"en/b.txt": ["Text."], "zh/a.md": ["文字。"]}
    source = home.build.live.sources["zh/a.md"]
    assert source.root == home.folder.resolve().as_posix()
    assert (source.title, source.language, source.audience) == ("题", "zh", "hr")
    assert (source.owner, source.version, source.n_passages) == ("o", "2", 1)


def test_nothing_is_parsed_or_built_when_nothing_changed(home: Home) -> None:
    home.write(a_dot_md="# A\n\ntext")
    home.ingest()
    report = home.ingest(command=(sys.executable, "-c", "raise SystemExit('parsed')"))
    assert report.unchanged == ("a.md",)
    assert (report.generation, home.build.calls) == ("g1", 1)


def test_changed_files_are_parsed_again_and_gone_ones_go(home: Home) -> None:
    home.write(a_dot_md="one", b_dot_md="two", c_dot_md="three")
    home.ingest()
    home.write(a_dot_md="changed")
    home.remove("c.md")
    report = home.ingest()
    assert (report.changed, report.unchanged, report.removed) == (("a.md",), ("b.md",), ("c.md",))
    assert home.texts == {"a.md": ["changed"], "b.md": ["two"]}


def test_a_file_that_fails_keeps_what_was_live_of_it(home: Home) -> None:
    home.write(a_dot_md="good", b_dot_md="b")
    home.ingest()
    home.write(a_dot_md=b"\x89PNG\r\n")
    report = home.ingest()
    assert (report.kept, report.removed) == (("a.md",), ())
    assert [failure.source for failure in report.failures] == ["a.md"]
    assert home.build.calls == 1
    home.write(b_dot_md="new")
    home.ingest()
    assert home.texts == {"a.md": ["good"], "b.md": ["new"]}
    report = home.ingest(drop_failed=True)
    assert report.removed == ("a.md",)
    assert home.texts == {"b.md": ["new"]}


def test_what_may_not_be_read_by_all_any_more_is_withdrawn_at_once(home: Home) -> None:
    home.write(a_dot_md="was for all", b_dot_md="b")
    home.ingest()
    home.write(a_dot_md="---\naudience: HR only\n---\nsecret")
    report = home.ingest()
    assert (report.kept, report.removed) == ((), ("a.md",))
    assert home.texts == {"b.md": ["b"]}


def test_sources_of_other_roots_stay(home: Home) -> None:
    home.write(one__a_dot_md="one", two__a_dot_md="two", two__b_dot_md="b")
    home.ingest("one")
    report = home.ingest("two")
    assert report.added == ("b.md", "two/a.md")
    assert home.texts == {"a.md": ["one"], "b.md": ["b"], "two/a.md": ["two"]}
    home.remove("two/b.md")
    assert home.ingest("two").removed == ("b.md",)
    assert home.ingest("two").unchanged == ("two/a.md",)
    assert sorted(home.texts) == ["a.md", "two/a.md"]


def test_only_what_is_given_stays_if_asked_for(home: Home) -> None:
    home.write(one__a_dot_md="a", two__a_dot_md="a", two__b_dot_md="b", three__c_dot_md="c")
    home.ingest("one")
    assert home.plan("two").twice == {"two/a.md": "a.md"}
    home.ingest("two", "three")
    report = home.ingest("two", only=True)
    assert home.texts == {"a.md": ["a"], "b.md": ["b"]}
    assert (report.unchanged, report.removed) == (("a.md", "b.md"), ("c.md", "two/a.md"))
    assert home.plan("two").twice == {}


def test_only_another_copy_of_the_same_folder_takes_its_place(home: Home) -> None:
    home.write(one__a_dot_md="a", two__a_dot_md="a")
    former = home.ingest("one")
    report = home.ingest("two", only=True)
    assert report.unchanged == ("a.md",)
    assert report.generation != former.generation
    assert home.build.live.sources["a.md"].root == str(home.folder / "two")
    assert not home.plan("two", only=True).has_news


def test_one_file_of_a_live_folder_can_be_taken_in_alone(home: Home) -> None:
    home.write(zh__a_dot_md="a", zh__b_dot_md="b", en__a_dot_md="x")
    home.ingest()
    home.write(zh__a_dot_md="new")
    home.remove("en/a.md")
    report = home.ingest("zh/a.md")
    assert (report.changed, report.added, report.removed) == (("zh/a.md",), (), ())
    assert home.texts == {"zh/a.md": ["new"], "zh/b.md": ["b"], "en/a.md": ["x"]}


def test_a_dry_run_says_what_would_happen_and_builds_nothing(home: Home) -> None:
    home.write(a_dot_md="one", b_dot_md="two", c_dot_md="three")
    home.ingest()
    home.write(a_dot_md="changed", d_dot_md="new", b_dot_md=b"%PDF-x")
    home.remove("c.md")
    report = home.ingest(dry_run=True)
    assert (report.added, report.changed, report.removed) == (("d.md",), ("a.md",), ("c.md",))
    assert report.kept == ("b.md",)
    assert [failure.reason for failure in report.failures] == ["It is a PDF file, not text."]
    assert (home.build.calls, report.generation, report.dry_run) == (1, "g1", True)
    assert report.n_passages == 3


def test_other_settings_or_a_wish_have_everything_parsed_again(home: Home) -> None:
    home.write(a_dot_md="one")
    home.ingest()
    report = home.ingest(rebuild=True)
    assert (report.unchanged, report.rebuild) == (("a.md",), "it was asked for")
    assert home.build.calls == 2
    told: list[str] = []
    assert home.ingest(max_tokens=201, announce=told.append).unchanged == ("a.md",)
    assert told == ["passage_tokens was 200 and is 201"]
    assert home.build.calls == 3
    home.ingest(max_tokens=201, embedder="other", announce=told.append)
    assert told[1:] == ["embedder was fake and is other"]
    assert home.build.calls == 4
    home.ingest(max_tokens=201, embedder="other", announce=told.append)
    assert (home.build.calls, len(told)) == (4, 2)
    assert parsing_fingerprint(200) != parsing_fingerprint(201)


def test_other_settings_reach_the_files_of_every_root(home: Home) -> None:
    text = "One sentence is here. Another sentence is there. " * 4
    home.write(one__a_dot_md=text, two__b_dot_md=text, gone__c_dot_md=text)
    home.ingest("one", "two", "gone")
    away = (home.folder / "gone").rename(home.folder / "away")
    home.ingest("one", max_tokens=60)
    assert {name: len(texts) > 1 for name, texts in home.texts.items()} == {
        "a.md": True,
        "b.md": True,
        "c.md": False,  # out of reach: it stays as it was
    }
    away.rename(home.folder / "gone")
    report = home.ingest("gone", max_tokens=60)
    assert (report.changed, report.passages.added > 0) == (("c.md",), True)
    assert len(home.texts["c.md"]) > 1


def test_a_file_that_moved_keeps_its_name_in_the_report(home: Home) -> None:
    text = "# T\n\nOne text.\n\n## U\n\nAnother text."
    home.write(a_dot_md=text, b_dot_md="stays")
    home.ingest()
    home.remove("a.md")
    home.write(c_dot_md=text)
    report = home.ingest()
    assert (report.added, report.removed, report.moved) == ((), (), {"a.md": "c.md"})
    assert (report.passages.moved, report.passages.kept) == (2, 1)


def test_an_empty_folder_takes_nothing_away_unless_told(home: Home) -> None:
    home.write(share__a_dot_md="one", other__b_dot_md="two")
    home.ingest("share", "other")
    home.remove("share/a.md")
    report = home.ingest("share", "other")
    assert (report.kept, report.removed) == (("a.md",), ())
    assert [failure.source for failure in report.failures] == ["share/"]
    assert "not mounted" in report.failures[0].hint
    assert home.ingest("share", "other", drop_failed=True).removed == ("a.md",)
    assert home.texts == {"b.md": ["two"]}


def test_bad_files_are_a_line_each_and_never_stop_the_others(home: Home) -> None:
    home.write(
        good_dot_md="# 题\n\n文字。",
        empty_dot_md="",
        truncated_dot_pdf=pdf([[Text(x=60, y=80, text="text")]])[:-200],
        encrypted_dot_pdf=pdf([[Text(x=60, y=80, text="text")]], password="x"),
        scanned_dot_pdf=picture_pdf(),
        wrong_dot_docx=pdf([[Text(x=60, y=80, text="text")]]),
        picture_dot_md=b"\x89PNG\r\n\x1a\n",
        gbk_dot_txt="注意力是一种机制。".encode("gbk"),
        utf16_dot_txt="注意力是一种机制。".encode("utf-16"),
        noise_dot_txt=bytes(range(128, 256)) * 20,
    )
    with (home.folder / "huge.txt").open("wb") as file:
        file.truncate(300_000_000)
    with zipfile.ZipFile(home.folder / "bomb.docx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"\0" * 60_000_000)
    report = home.ingest()
    assert {failure.source: failure.reason for failure in report.failures} == {
        "bomb.docx": "It unpacks to 60 MB; the limit is 50.",
        "empty.md": "It is empty.",
        "encrypted.pdf": "The PDF is encrypted with a password.",
        "huge.txt": "It has 300 MB; the limit is 100.",
        "noise.txt": "Its encoding isn't recognised, or it is not text.",
        "picture.md": "It is a PNG picture, not text.",
        "scanned.pdf": "The PDF holds no text: its pages are pictures.",
        "truncated.pdf": "The PDF is cut off: its end is missing.",
        "wrong.docx": "It is a PDF file, not a Word document.",
    }
    assert report.added == ("gbk.txt", "good.md", "utf16.txt")
    assert home.texts["gbk.txt"] == home.texts["utf16.txt"] == ["注意力是一种机制。"]


def test_nothing_to_index_is_an_error_unless_failures_say_why(home: Home) -> None:
    home.write(notes_dot_csv="x")
    with pytest.raises(IngestError, match="nothing to index"):
        home.ingest()
    home.write(a_dot_md="")
    report = home.ingest()
    assert (len(report.failures), report.generation, home.build.calls) == (1, "", 0)


def test_what_is_live_stays_when_everything_fails(home: Home) -> None:
    home.write(a_dot_md="text")
    home.ingest()
    home.write(a_dot_md="")
    report = home.ingest(drop_failed=True)
    assert (report.removed, report.generation, home.build.calls) == ((), "g1", 1)


def test_what_should_go_but_would_leave_nothing_is_told(home: Home) -> None:
    home.write(a_dot_md="text")
    home.ingest()
    home.remove("a.md")
    home.write(b_dot_md="")
    report = home.ingest()
    assert {failure.source: failure.reason for failure in report.failures} == {
        "a.md": "It should go, but no other file can be read: the index would be empty.",
        "b.md": "It is empty.",
    }
    assert (report.removed, home.build.calls, home.texts) == ((), 1, {"a.md": ["text"]})


def test_the_order_of_passages_does_not_depend_on_who_was_parsed_first(home: Home) -> None:
    home.write(**{f"f{number}_dot_md": f"text {number}" for number in range(20)})
    home.ingest()
    assert list(home.texts) == sorted(home.texts)


def test_the_report_is_json_and_progress_is_told(home: Home) -> None:
    home.write(a_dot_md="text", b_dot_md="")
    stages: list[tuple[str, int, int]] = []
    report = home.ingest(
        progress=lambda stage, done, total, source: stages.append((stage, done, total))
    )
    assert json.loads(json.dumps(report.to_json()))["failures"] == [
        {
            "source": "b.md",
            "reason": "It is empty.",
            "hint": "Put text into it, or take it away.",
            "place": "",
        }
    ]
    assert asdict(report) == report.to_json()
    assert stages == [
        ("discover", 1, 2),
        ("discover", 2, 2),
        ("parse", 1, 2),
        ("parse", 2, 2),
    ]
