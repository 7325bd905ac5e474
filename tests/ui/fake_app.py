"""The page over a fake assistant, for looking at: `streamlit run tests/ui/fake_app.py`.

`FAKE_SCENARIO` names a file with one word, read again and again, so that a test can change it
while the page runs: ready, no-model, empty, no-index. `FAKE_PAUSE_S` is the time between two
pieces of an answer.
"""

import os
from pathlib import Path

from assistant.errors import IndexMissing
from assistant.settings import Settings
from tests.fakes import FakeAssistant, FakeStatus
from tests.ui import samples
from ui import resources, streamlit_app

FIRST_QUESTIONS = {
    "zh": ("什么是自注意力?", "请详细解释注意力的计算,并给出代码。", "公司的年假有几天?"),
    "en": ("What is LoRA?", "How does LoRA train?"),
}


def _scenario() -> str:
    path = os.environ.get("FAKE_SCENARIO")
    return Path(path).read_text(encoding="utf-8").strip() if path else "ready"


class _ScenarioAssistant(FakeAssistant):
    """A fake whose state is the scenario's."""

    def status(self) -> FakeStatus:
        return {
            "no-model": FakeStatus(model_ready=False, model=None, engine=None),
            "empty": FakeStatus(n_passages=0, n_sources=0),
        }.get(_scenario(), FakeStatus(n_passages=412, n_sources=36))

    def suggest(self, language: str) -> tuple[str, ...]:
        return FIRST_QUESTIONS[language]


def build_assistant(settings: Settings) -> FakeAssistant:
    if _scenario() == "no-index":
        raise IndexMissing(
            f"There is no index in {settings.home / 'index'}.", hint="Run `study ingest corpus`."
        )
    return _ScenarioAssistant(
        samples.replies(),
        passages=samples.PASSAGES,
        next_questions=("那计算代价呢?", "What is a rank?"),
        pause_s=float(os.environ.get("FAKE_PAUSE_S", "0.05")),
    )


resources.build_assistant = build_assistant
streamlit_app.main()
