import subprocess
from collections.abc import Collection
from pathlib import Path

import pytest

from assistant.settings import EmbeddingSettings, Group, ModelSettings, Settings
from evals.origin import LEFT_OUT_GROUPS, LEFT_OUT_SETTINGS, program, settings_fingerprint


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STUDY_HOME", "elsewhere"),
        ("STUDY_SLACK__BOT_TOKEN", "xoxb-1"),
        ("STUDY_GAPS__KEEP_DAYS", "1"),
        ("STUDY_MODEL__API_KEY", "secret"),
        ("STUDY_MODEL__START_TIMEOUT_S", "5"),
        ("STUDY_MODEL__GPU_MEMORY_SHARE", "0.5"),
        ("STUDY_EMBEDDING__BATCH_SIZE", "8"),
    ],
)
def test_what_shapes_no_answer_leaves_the_fingerprint_alone(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    before = settings_fingerprint(Settings.load())
    monkeypatch.setenv(name, value)
    assert settings_fingerprint(Settings.load()) == before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STUDY_MODEL__TEMPERATURE", "1"),
        ("STUDY_MODEL__TIMEOUT_S", "5"),
        ("STUDY_EMBEDDING__MODEL", "other"),
        ("STUDY_RETRIEVAL__TOP_K", "3"),
        ("STUDY_ANSWERING__MAX_PASSAGES", "2"),
    ],
)
def test_what_shapes_answers_changes_the_fingerprint(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    before = settings_fingerprint(Settings.load())
    monkeypatch.setenv(name, value)
    assert settings_fingerprint(Settings.load()) != before


def test_program_is_another_with_each_uncommitted_change(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        subprocess.run(["git", "-C", tmp_path, *who, *arguments], check=True, capture_output=True)

    rule = tmp_path / "rule.py"
    rule.write_text("1", encoding="utf-8")
    git("init")
    git("add", ".")
    git("commit", "-m", "first")
    programs = [program(tmp_path)]
    for changed in ("2", "3"):
        rule.write_text(changed, encoding="utf-8")
        programs.append(program(tmp_path))

    assert len(set(programs)) == 3
    assert all(each.startswith(programs[0]) for each in programs)


def test_of_each_group_it_is_said_whether_it_shapes_answers() -> None:
    shaping = {"model", "embedding", "retrieval", "answering"}
    assert set(Settings.model_fields) == shaping | set(LEFT_OUT_GROUPS)
    assert set(LEFT_OUT_SETTINGS) <= shaping


@pytest.mark.parametrize(
    ("group", "settings", "shaping"),
    [
        (
            "model",
            ModelSettings,
            {"name", "engine", "context_tokens", "gpu_layers", "tensor_parallel", "dtype",
             "timeout_s", "retries", "max_new_tokens", "temperature", "seed"},
        ),
        (
            "embedding",
            EmbeddingSettings,
            {"engine", "model", "query_prefix", "passage_prefix", "max_tokens"},
        ),
    ],
    ids=["model", "embedding"],
)  # fmt: skip
def test_of_each_setting_in_a_mixed_group_it_is_said_whether_it_shapes_answers(
    group: str, settings: type[Group], shaping: Collection[str]
) -> None:
    assert set(settings.model_fields) == {*shaping, *LEFT_OUT_SETTINGS[group]}
