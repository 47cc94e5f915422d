"""Settings come from the environment, and wrong ones are named."""

from pathlib import Path

import pytest

from server.settings import OFF, Address, InvalidSettings, Settings, read_address, read_settings


def test_an_empty_environment_gives_the_defaults() -> None:
    assert read_settings({"PATH": "/bin"}) == Settings()


def test_the_environment_sets_and_the_command_line_goes_before_it() -> None:
    environ = {"SWITCHYARD_LISTEN": "127.0.0.1:1", "SWITCHYARD_METRICS_LISTEN": "off"}
    settings = read_settings(environ, listen=Address("127.0.0.1", 2), data_folder=None)
    assert settings.listen == Address("127.0.0.1", 2)
    assert settings.metrics_listen == OFF


def test_every_wrong_or_unknown_setting_is_named() -> None:
    environ = {
        "SWITCHYARD_LISTEN": "here",
        "SWITCHYARD_GRACE_S": "-1",
        "SWITCHYARD_AUTOMATIC_MIN_CONFIDENCE": "nan",
        "SWITCHYARD_BATCH_SLOTS": "0",
        "SWITCHYARD_LISTEM": "x",
        "SWITCHYARD_DATA": "/measuring",
    }
    with pytest.raises(InvalidSettings) as raised:
        read_settings(environ)
    named = {fault.split(":")[0] for fault in raised.value.faults}
    assert named == set(environ) - {"SWITCHYARD_DATA"}


@pytest.mark.parametrize("text", ["", "host", ":1", "h:x", "h:65536", "h:-1"])
def test_an_address_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        read_address(text)


def test_an_ipv6_address_keeps_its_brackets() -> None:
    assert str(read_address("[::1]:50051")) == "[::1]:50051"


def test_the_data_folder_follows_xdg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/xdg")
    assert Settings().folder == Path("/xdg/switchyard")
