"""Settings come from the environment, and wrong ones are named."""

from pathlib import Path

import pytest

from server.settings import (
    OFF,
    Address,
    InvalidSettings,
    Settings,
    read_address,
    read_key_set_place,
    read_settings,
)


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
        "SWITCHYARD_ALLOW_PLAINTEXT": "perhaps",
        "SWITCHYARD_JWKS": "http://127.example/keys",
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


@pytest.mark.parametrize(
    "listen", ["0.0.0.0:1", "[::]:1", "192.0.2.1:1", "example.com:1", "127.example.com:1"]
)
def test_plain_text_beyond_this_machine_must_be_asked_for(listen: str) -> None:
    with pytest.raises(InvalidSettings, match="SWITCHYARD_ALLOW_PLAINTEXT=true"):
        read_settings({"SWITCHYARD_LISTEN": listen})
    with pytest.raises(InvalidSettings, match="plain text"):
        read_settings({}, listen=read_address(listen))
    asked = {"SWITCHYARD_LISTEN": listen, "SWITCHYARD_ALLOW_PLAINTEXT": "true"}
    assert read_settings(asked).allow_plaintext


@pytest.mark.parametrize("listen", ["127.0.0.1:1", "127.1.2.3:1", "[::1]:1", "localhost:1"])
def test_plain_text_within_this_machine_is_fine(listen: str) -> None:
    assert read_settings({"SWITCHYARD_LISTEN": listen}).listen == read_address(listen)


def test_with_a_certificate_the_server_may_listen_anywhere() -> None:
    environ = {"SWITCHYARD_TLS_CERT_FILE": "/cert.pem", "SWITCHYARD_TLS_KEY_FILE": "/key.pem"}
    assert read_settings({"SWITCHYARD_LISTEN": "0.0.0.0:1", **environ}).tls_cert_file


@pytest.mark.parametrize(
    ("name", "lacking"),
    [
        ("SWITCHYARD_TLS_CERT_FILE", "SWITCHYARD_TLS_KEY_FILE"),
        ("SWITCHYARD_TLS_KEY_FILE", "SWITCHYARD_TLS_CERT_FILE"),
        ("SWITCHYARD_TLS_CLIENT_CA_FILE", "SWITCHYARD_TLS_CERT_FILE"),
        ("SWITCHYARD_JWKS", "SWITCHYARD_JWT_ISSUER and SWITCHYARD_JWT_AUDIENCE"),
        ("SWITCHYARD_JWT_ISSUER", "SWITCHYARD_JWKS"),
        ("SWITCHYARD_JWT_AUDIENCE", "SWITCHYARD_JWKS"),
    ],
)
def test_a_setting_that_needs_another_says_so(name: str, lacking: str) -> None:
    with pytest.raises(InvalidSettings) as raised:
        read_settings({name: "/some/file"})
    assert raised.value.faults == [f"{name}: needs {lacking} too"]


@pytest.mark.parametrize(
    "place", ["/keys.json", "https://sso.example/keys", "http://127.0.0.1:8080/keys"]
)
def test_a_key_set_is_in_a_file_or_behind_a_url_that_nobody_can_change(place: str) -> None:
    assert read_key_set_place(place) == place
