from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from assistant.errors import ConfigError
from assistant.settings import Group, Settings, known_names


def fields(
    of: type[BaseModel] = Settings, prefix: str = "STUDY_"
) -> Iterator[tuple[str, FieldInfo]]:
    """Yield the name and the field of every setting that is not a group."""
    for name, field in of.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Group):
            assert field.annotation.__doc__
            yield from fields(field.annotation, f"{prefix}{name.upper()}__")
        else:
            yield prefix + name.upper(), field


@pytest.mark.parametrize(("name", "field"), [*fields()], ids=[name for name, _ in fields()])
def test_every_setting_is_described_in_a_sentence(name: str, field: FieldInfo) -> None:
    assert field.description
    assert field.description.endswith(".")
    assert name in known_names()


def test_defaults_are_valid() -> None:
    assert Settings.load() == Settings()


def test_nested_names_reach_their_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDY_RETRIEVAL__TOP_K", "8")
    monkeypatch.setenv("study_model__port", "8080")
    monkeypatch.setenv("STUDY_HOME", "elsewhere")
    monkeypatch.setenv("STUDY_CORPUS", '["a", "b"]')

    settings = Settings.load()

    assert (settings.retrieval.top_k, settings.model.port) == (8, 8080)
    assert (settings.home, settings.corpus) == (Path("elsewhere"), (Path("a"), Path("b")))


def test_name_beats_its_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDY_MODEL", '{"port": 1, "threads": 2}')
    monkeypatch.setenv("STUDY_MODEL__PORT", "3")

    settings = Settings.load()

    assert (settings.model.port, settings.model.threads) == (3, 2)


def test_file_of_settings_is_read_and_the_environment_beats_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path(".env").write_text("STUDY_MODEL__PORT=1\nSTUDY_WEB__PORT=2\n")
    monkeypatch.setenv("STUDY_WEB__PORT", "3")

    settings = Settings.load()

    assert (settings.model.port, settings.web.port) == (1, 3)


def test_what_other_programs_keep_in_the_file_is_left_alone() -> None:
    Path(".env").write_text("OTHER_TOKEN=xyz\nPORT=5\n")

    assert Settings.load() == Settings()


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("STUDY_RETREIVAL__TOP_K", "STUDY_RETRIEVAL__TOP_K"),
        ("STUDY_MODEL__PROT", "STUDY_MODEL__PORT"),
        ("STUDY_HOEM", "STUDY_HOME"),
        ("STUDY_MODEL__PORT__X", "STUDY_MODEL__PORT"),
    ],
)
@pytest.mark.parametrize("where", ["environment", "file"])
def test_mistyped_name_is_refused_with_the_nearest(
    monkeypatch: pytest.MonkeyPatch, name: str, near: str, where: str
) -> None:
    if where == "environment":
        monkeypatch.setenv(name, "1")
    else:
        Path(".env").write_text(f"{name}=1\n")

    with pytest.raises(ConfigError, match=f"no setting {name}") as caught:
        Settings.load()
    assert caught.value.hint == f"Did you mean {near}?"


def test_name_like_no_other_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDY_QQQQQQQQQQQQQQQQ", "1")

    with pytest.raises(ConfigError) as caught:
        Settings.load()
    assert "settings.py" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STUDY_MODEL__PORT", "99999"),
        ("STUDY_MODEL__PORT", "many"),
        ("STUDY_MODEL__ENGINE", "steam"),
        ("STUDY_ANSWERING__MIN_SUPPORT", "1.5"),
        ("STUDY_OFFLINE", "perhaps"),
    ],
)
def test_bad_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigError) as caught:
        Settings.load()
    assert name in str(caught.value)
    assert repr(value) in str(caught.value)
    assert ".env" in caught.value.hint


@pytest.mark.parametrize("name", ["STUDY_MODEL", "STUDY_CORPUS"])
def test_group_or_list_that_is_no_json_says_how_it_is_written(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "x")

    with pytest.raises(ConfigError, match=name.removeprefix("STUDY_").lower()) as caught:
        Settings.load()
    assert "JSON" in caught.value.hint


def test_file_that_is_no_text_is_a_known_error() -> None:
    Path(".env").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(ConfigError):
        Settings.load()


def test_secret_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDY_MODEL__API_KEY", "s3cret")

    settings = Settings.load()

    assert settings.model.api_key is not None
    assert settings.model.api_key.get_secret_value() == "s3cret"
    for shown in (
        str(settings),
        repr(settings),
        str(settings.model_dump()),
        settings.model_dump_json(),
    ):
        assert "s3cret" not in shown


@pytest.mark.parametrize(
    "line",
    [
        'STUDY_MODEL={"api_kye": "s3cret"}',
        'STUDY_MODEL={"api_key": ["s3cret"]}',
        'STUDY_MODEL="s3cret"',
        "STUDY_MODEL='\"s3cret\"'",
        "STUDY_MODEL__API_KYE=s3cret",
        "STUDY_API_KEY=s3cret",
    ],
)
def test_secret_in_the_wrong_place_is_not_printed_either(line: str) -> None:
    Path(".env").write_text(line + "\n")

    with pytest.raises(ConfigError) as caught:
        Settings.load()
    error: BaseException | None = caught.value
    while error is not None:
        assert "s3cret" not in str(error)
        error = error.__cause__
    assert "s3cret" not in caught.value.hint


def test_settings_do_not_change() -> None:
    settings = Settings.load()

    with pytest.raises(ValidationError):
        settings.home = Path("x")  # type: ignore[misc]
    with pytest.raises(ValidationError):
        settings.model.port = 1  # type: ignore[misc]


def test_slacks_groups_and_addresses_are_read_and_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDY_SLACK__AUDIENCES", '{"S012": ["managers", "security"]}')
    assert Settings.load().slack.audiences == {"S012": ("managers", "security")}
    for name, value in (
        ("STUDY_SLACK__AUDIENCES", '{"@managers": ["managers"]}'),
        ("STUDY_SLACK__WEB_URL", "https://x.example/|<!channel>"),
        ("STUDY_SLACK__API_URL", "slack.example"),
    ):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            with pytest.raises(ConfigError, match=name):
                Settings.load()
