"""What the settings may say, and what the button shows of them."""

import pytest
from django.core import checks

from franceconnect import conf
from franceconnect.checks import check_configuration
from tests.franceconnect.fixtures import PLUS_KEY


def configure(settings, **values):
    settings.FRANCECONNECT = settings.FRANCECONNECT | values


def test_the_configuration_of_the_tests_is_right():
    assert check_configuration(None) == []


def test_without_franceconnect_there_is_nothing_to_check(settings):
    configure(settings, issuer="", client_id="", client_secret="", scopes="")

    assert check_configuration(None) == []
    assert conf.platform() is None


@pytest.mark.parametrize(
    ("number", "values"),
    [
        ("E001", {"client_secret": ""}),
        ("E001", {"issuer": ""}),
        ("E002", {"acr_values": ""}),
        ("E002", {"acr_values": "eidas9"}),
        ("E002", {"acr_values": "eidas1 loa2"}),
        ("E003", {"scopes": "identite_pivot"}),
        ("E004", {"signing_alg": "HS256"}),
        ("E004", {"signing_alg": "none"}),
        ("E005", {"timeout": 0}),
        ("E005", {"timeout": 60}),
    ],
)
def test_a_contradiction_is_an_error(settings, number, values):
    configure(settings, **values)

    errors = check_configuration(None)

    assert [error.id for error in errors] == [f"franceconnect.{number}"]
    assert errors[0].level == checks.ERROR


@pytest.mark.parametrize("name", ["rate_limit", "session_rate_limit"])
@pytest.mark.parametrize("rate", ["", "many", "300", "3/x"])
def test_a_limit_that_is_no_rate_is_an_error(settings, name, rate):
    configure(settings, **{name: rate})

    assert [error.id for error in check_configuration(None)] == ["franceconnect.E006"]


@pytest.mark.parametrize("most", [0, -1])
def test_no_exchange_at_all_is_an_error(settings, most):
    configure(settings, max_exchanges=most)

    assert [error.id for error in check_configuration(None)] == ["franceconnect.E009"]


@pytest.fixture
def plus_values(settings):
    """FranceConnect+ set up right; the settings to spoil."""
    settings.FRANCECONNECT_PLUS = settings.FRANCECONNECT_PLUS | {
        "issuer": "https://fcp.example/api/v2",
        "client_id": "portail",
        "client_secret": "secret",
        "encryption_key": PLUS_KEY,
    }
    return settings


def test_franceconnect_plus_set_up_right_is_right(plus_values):
    assert check_configuration(None) == []
    assert [platform.name for platform in conf.platforms()] == list(conf.LABELS)


@pytest.mark.parametrize(
    ("number", "values"),
    [
        ("E001", {"client_id": ""}),
        ("E001", {"encryption_key": ""}),
        ("E002", {"acr_values": "eidas1"}),
        ("E003", {"scopes": "profile"}),
        ("E004", {"signing_alg": "RS256"}),
        ("E005", {"timeout": 11}),
        ("E007", {"encryption_key": "no key"}),
    ],
)
def test_a_contradiction_of_franceconnect_plus_is_an_error(plus_values, number, values):
    plus_values.FRANCECONNECT_PLUS = plus_values.FRANCECONNECT_PLUS | values

    errors = check_configuration(None)

    assert [error.id for error in errors] == [f"franceconnect.{number}"]
    assert "FRANCECONNECT_PLUS_" in errors[0].msg
    assert "BEGIN" not in errors[0].msg


def test_one_platform_twice_is_an_error(plus_values):
    plus_values.FRANCECONNECT_PLUS = plus_values.FRANCECONNECT_PLUS | {
        "issuer": plus_values.FRANCECONNECT["issuer"]
    }

    assert [error.id for error in check_configuration(None)] == ["franceconnect.E010"]


def test_the_secret_is_never_shown():
    assert "secret-de-test" not in repr(conf.platform())


@pytest.mark.parametrize(
    ("asked", "accepted"),
    [
        ("eidas1", {"eidas1", "eidas2", "eidas3"}),
        ("eidas2", {"eidas2", "eidas3"}),
        ("eidas2 eidas3", {"eidas2", "eidas3"}),
        ("eidas3", {"eidas3"}),
    ],
)
def test_a_level_is_accepted_from_the_weakest_asked(settings, asked, accepted):
    configure(settings, acr_values=asked)

    assert {level for level in conf.LEVELS if conf.platform().accepts_level(level)} == accepted


@pytest.fixture
def artwork(settings, tmp_path):
    path = tmp_path / "bouton.svg"
    path.write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    configure(settings, button_artwork=str(path))
    return path


def test_the_towns_official_artwork_replaces_our_drawing(client, db, artwork):
    page = client.get("/").content.decode()
    image = client.get("/franceconnect/bouton/")

    assert 'alt="S’identifier avec FranceConnect"' in page
    assert image["Content-Type"] == "image/svg+xml"
    assert image.content == artwork.read_bytes()
    assert "default-src 'none'" in image["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["", "/nowhere.svg", "/etc/passwd", "/etc"])
def test_without_a_usable_file_our_own_drawing_stands_in(client, db, settings, name):
    configure(settings, button_artwork=name)

    assert client.get("/franceconnect/bouton/").status_code == 404
    assert "S’identifier avec" in client.get("/").content.decode()
