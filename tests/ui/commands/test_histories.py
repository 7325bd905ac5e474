"""Any history of edits and crashes ends in the index that a fresh build gives."""

import shutil
import sqlite3
import tempfile
from contextlib import closing, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from assistant import audit, generations
from assistant.errors import IngestError
from tests.ui.commands.small_home import SmallHome
from tests.ui.commands.write_faults import Killed, faults, killed_at

SENTENCES = (
    "The lantern of the tower burns oil that is kept in copper tanks.",
    "A river runs past the old mill and turns its wheel in spring.",
    "Copper sheets cover the dome, which weighs four tons.",
    "Every lantern is lit by hand when the evening comes.",
    "灯塔的灯每天晚上点亮，照亮远处的海面。",
    "河流绕过磨坊，水车在春天转动得很快。",
    "铜板覆盖着圆顶，圆顶重四吨。",
)
NAMES = ("en/a.md", "en/b.md", "zh/a.md", "c.txt", "deep/er/d.md")

names = st.sampled_from(NAMES)
bodies = st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=6)
audiences = st.sampled_from(["", "---\naudience: hr\n---\n"])


class Histories(RuleBasedStateMachine):
    """Texts are edited, shrunk, moved and deleted; ingestion is run, and killed at some write."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.small = SmallHome.at(self.folder)
        self.n_lost = 0
        self.is_done = False

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @property
    def files(self) -> list[str]:
        texts = self.folder / "texts"
        return sorted(
            path.relative_to(texts).as_posix() for path in texts.rglob("*") if path.is_file()
        )

    @initialize(name=names, body=bodies)
    def begin(self, name: str, body: list[str]) -> None:
        self.write(name, body, "", heading=True)
        self.ingest()

    @rule(name=names, body=bodies, front=audiences, heading=st.booleans())
    def write(self, name: str, body: list[str], front: str, *, heading: bool) -> None:
        sections = [f"## Part {n}\n\n{each}" if heading else each for n, each in enumerate(body)]
        self.small.write(name, f"{front}# Title of {name[:2]}\n\n" + "\n\n".join(sections))

    @rule(data=st.data())
    def shrink(self, data: st.DataObject) -> None:
        if self.files:
            name = data.draw(st.sampled_from(self.files))
            path = self.folder / "texts" / name
            text = path.read_text(encoding="utf-8", errors="replace")
            path.write_text(text[: max(len(text) // 2, 30)], encoding="utf-8")

    @rule(data=st.data(), to=names)
    def move(self, data: st.DataObject, to: str) -> None:
        if self.files:
            source = self.folder / "texts" / data.draw(st.sampled_from(self.files))
            (self.folder / "texts" / to).parent.mkdir(parents=True, exist_ok=True)
            source.rename(self.folder / "texts" / to)

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        if len(self.files) > 1:
            (self.folder / "texts" / data.draw(st.sampled_from(self.files))).unlink()

    @rule(data=st.data())
    def spoil(self, data: st.DataObject) -> None:
        if len(self.files) > 1:
            path = self.folder / "texts" / data.draw(st.sampled_from(self.files))
            path.write_bytes(b"\x89PNG\r\n\x1a\n")

    @rule()
    def go_back(self) -> None:
        """Have an older generation live, as `study index rollback` does."""
        home = self.small.home
        older = [
            name
            for name in generations.list_names(home)
            if not generations.is_candidate(home, name)
        ]
        entry = audit.Entry(at=audit.now(), by="", action="rollback", former=older[-1], to=older[0])
        with generations.writing(home):
            audit.switch(home, entry)

    @rule()
    def ingest(self) -> None:
        with suppress(IngestError):  # no file gives a passage any more: what is live stays
            self.small.ingest()
            self.is_done = True

    @rule(number=st.integers(min_value=1, max_value=60))
    def ingest_and_be_killed(self, number: int) -> None:
        with suppress(IngestError, Killed), faults(self.folder, killed_at(number)):
            self.small.ingest()
        # A batch that was computed when the process died, but not kept yet.
        self.n_lost += self.small.embedder.batch_size
        self.is_done = False

    @invariant()
    def what_is_live_is_whole(self) -> None:
        if generations.current_name(self.small.home):
            assert self.small.problems() == []

    @invariant()
    def after_an_ingestion_search_equals_that_over_a_fresh_build(self) -> None:
        if not self.is_done:
            return
        self.is_done = False
        assert self.small.leftovers() == []
        fresh = SmallHome.at(self.folder / "fresh")
        failed = {each.source for each in fresh.ingest(self.folder / "texts").failures}
        if fresh.passages():  # else the index would be empty, and what is live stays
            # Of a file that can't be read now, what was live stays: the fresh one has none.
            readable = [each for each in self.small.passages() if each.source not in failed]
            assert readable == fresh.passages()
        if not failed:
            assert self.small.found() == fresh.found()
        shutil.rmtree(self.folder / "fresh")

    @invariant()
    def nothing_is_embedded_twice(self) -> None:
        assert self.small.embedder.n_texts <= self.n_seen_texts() + self.n_lost

    def n_seen_texts(self) -> int:
        path = self.folder / "cache" / "vectors.sqlite"
        if not path.exists():
            return 0
        with closing(sqlite3.connect(path)) as connection:
            (count,) = connection.execute("SELECT count(*) FROM vectors").fetchone()
        return int(count)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_any_history_ends_in_the_index_of_a_fresh_build() -> None:
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=20,
            stateful_step_count=14,
            deadline=None,
            derandomize=True,
            phases=(Phase.explicit, Phase.generate),  # shrinking takes longer than the time limit
            suppress_health_check=list(HealthCheck),
        ),
    )
