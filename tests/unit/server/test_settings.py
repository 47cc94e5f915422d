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


TORN = "se/cretpw"  # a password that ends the host where it should not


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SWITCHYARD_REDIS_URL", "foo"),
        ("SWITCHYARD_REDIS_URL", "http://x:1"),
        ("SWITCHYARD_REDIS_URL", "redis://127.0.0.1:99999/0"),
        ("SWITCHYARD_REDIS_URL", "unix://host"),
        ("SWITCHYARD_REDIS_URL", "redis://127.0.0.1:6379/0?colour=red"),
        ("SWITCHYARD_REDIS_URL", "redis://127.0.0.1:6379/0?socket_timeout=long"),
        ("SWITCHYARD_REDIS_URL", f"redis://:{TORN}@127.0.0.1:6379/0"),
        ("SWITCHYARD_REDIS_URL", "redis://u:se\u2100cretpw@127.0.0.1:6379/0"),
        ("SWITCHYARD_DATABASE_URL", "foo"),
        ("SWITCHYARD_DATABASE_URL", "mysql://127.0.0.1/switchyard"),
        ("SWITCHYARD_DATABASE_URL", f"postgresql://u:{TORN}@127.0.0.1/switchyard"),
        ("SWITCHYARD_EMBEDDING_URL", "https://127.0.0.1:99999/v1#small,384"),
        ("SWITCHYARD_EMBEDDING_URL", f"https://u:{TORN}@127.0.0.1/v1#small,384"),
        ("SWITCHYARD_EMBEDDING_URL", "https://[::1/v1#small,384"),
        ("SWITCHYARD_OTLP_ENDPOINT", "localhost:4317"),
        ("SWITCHYARD_OTLP_ENDPOINT", f"http://u:{TORN}@127.0.0.1:4317"),
        ("SWITCHYARD_JWKS", f"https://u:{TORN}@sso.example/keys"),
    ],
)
def test_a_wrong_url_is_named_and_not_told(name: str, text: str) -> None:
    with pytest.raises(InvalidSettings) as raised:
        read_settings({name: text})
    (fault,) = (one for one in raised.value.faults if one.startswith(f"{name}: must "))
    assert text not in fault
    assert "cret" not in fault
    assert "'" not in fault  # as libraries quote what they could not read


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SWITCHYARD_REDIS_URL", "redis://"),
        ("SWITCHYARD_REDIS_URL", "rediss://u:se%2Fcret@redis.example:6380/2?ssl_cert_reqs=none"),
        ("SWITCHYARD_REDIS_URL", "unix:///run/redis.sock"),
        ("SWITCHYARD_DATABASE_URL", "postgres://u:se%2Fcret@db.example/switchyard"),
        ("SWITCHYARD_DATABASE_URL", "postgresql://one:5432,two:5433/switchyard?user=u@example"),
        ("SWITCHYARD_DATABASE_URL", "postgresql:///switchyard?host=/run/postgresql"),
        ("SWITCHYARD_DATABASE_URL", "host=/run/postgresql dbname=switchyard"),
    ],
)
def test_a_url_that_its_driver_takes_is_taken(name: str, text: str) -> None:
    settings = read_settings({name: text})
    assert text in {settings.redis_url, settings.database_url}


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
