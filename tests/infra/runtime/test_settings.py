"""What the environment may say, under which names."""

from pathlib import Path

import pytest

from infra.runtime.settings import MissingSetting, Settings


@pytest.fixture(autouse=True)
def empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(Settings.variable(name), raising=False)


def test_well_known_names_have_no_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://somewhere/xiezhi")
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal:7233")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318")
    monkeypatch.setenv("XIEZHI_API_PORT", "9000")
    settings = Settings()
    assert settings.secret("database_url") == "postgresql+psycopg://somewhere/xiezhi"
    assert settings.temporal_address == "temporal:7233"
    assert settings.otlp_endpoint == "http://collector:4318"
    assert settings.api_port == 9000


def test_files_lie_in_the_data_folder_unless_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIEZHI_DATA_DIR", "/srv/xiezhi")
    monkeypatch.setenv("XIEZHI_EVIDENCE_DIR", "/mnt/evidence")
    assert Settings().checkpoint_key_file == Path("/srv/xiezhi/checkpoint.key")
    assert Settings().evidence_dir == Path("/mnt/evidence")


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("database_url", "DATABASE_URL"),
        ("token_secret", "XIEZHI_TOKEN_SECRET"),
        ("fingerprint_key", "XIEZHI_FINGERPRINT_KEY"),
    ],
)
def test_a_missing_secret_names_its_variable(name: str, variable: str) -> None:
    with pytest.raises(MissingSetting, match=f"{variable} is not set"):
        Settings().secret(name)  # type: ignore[arg-type]


def test_secrets_do_not_show_in_texts() -> None:
    assert "planted" not in repr(Settings(token_secret="planted"))


def test_an_api_key_never_travels_in_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not Settings().temporal_uses_tls
    monkeypatch.setenv("TEMPORAL_API_KEY", "key")
    assert Settings().temporal_uses_tls
