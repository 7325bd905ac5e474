"""The page over the small fake of `study` and real folders: `streamlit run` it to look around.

What is live is read from the generations that the fake makes; `STUDY_WEB__OWNERS` decides who
may change things, `STUDY_CORPUS` where the materials lie.
"""

from collections.abc import Mapping

from assistant import generations
from assistant.errors import IndexMissing
from assistant.generations import Source
from assistant.records import EVERYONE, Passage
from assistant.settings import Settings
from tests.fakes import FakeAssistant, FakeStatus
from tests.ui.library.conftest import FAKE_STUDY
from tests.ui.library.fake_study import text_of
from tests.ui.samples import PASSAGES
from ui import resources, streamlit_app


class LiveAssistant(FakeAssistant):
    """A fake whose sources are those of the live generation; each is one passage: its file."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(passages=PASSAGES)
        self._settings = settings

    def _live(self) -> Mapping[str, Source]:
        name = generations.current_name(self._settings.home)
        if name is None:
            raise IndexMissing("Nothing has been ingested yet.", hint=generations.BUILD_HINT)
        return generations.read_manifest(self._settings.home, name).sources

    def status(self) -> FakeStatus:
        name = generations.current_name(self._settings.home) or ""
        return FakeStatus(
            index_ready=bool(name), generation=name, n_sources=len(self._live()) if name else 0
        )

    def sources(self, audiences: frozenset[str] = EVERYONE) -> Mapping[str, Source]:
        return {name: each for name, each in self._live().items() if each.audience in audiences}

    def all_audiences(self) -> frozenset[str]:
        return frozenset(each.audience for each in self._live().values())

    def source_passages(
        self, source: str, audiences: frozenset[str] = EVERYONE
    ) -> tuple[Passage, ...]:
        record = self.sources(audiences).get(source)
        if record is None:
            return super().source_passages(source, audiences)
        text = text_of(self._settings.home, record.sha256)
        return (
            Passage(
                passage_id=record.sha256,
                source=source,
                title=record.title,
                heading=(record.title,),
                text=text,
                language="zh" if record.language == "zh" else "en",
            ),
        )


if __name__ == "__main__":
    resources.build_assistant = LiveAssistant
    resources.study_command = lambda: FAKE_STUDY
    streamlit_app.main()
