"""`manage.py franceconnect_check`: says what is wrong and how to mend it, and nothing secret."""

import time
from dataclasses import replace
from email.utils import formatdate
from io import StringIO

import pytest
import time_machine
from django.conf import settings as portal_settings
from django.core.cache import cache
from django.core.management import CommandError, call_command

from franceconnect import client, conf, diagnosis, encryption
from franceconnect.diagnosis import Status
from tests.franceconnect import forge
from tests.franceconnect.fixtures import PLUS_KEY, PLUS_SECRET
from tests.franceconnect.hostile import HostileProvider, http
from tests.franceconnect.test_encryption import RSA_KEY, pem

BASE_URL = portal_settings.BASE_URL
SECRET = portal_settings.FRANCECONNECT["client_secret"]
STRANGE = "https://evil.example/api/v2"


def configure(settings, **values):
    settings.FRANCECONNECT = settings.FRANCECONNECT | values


def check() -> tuple[int, str]:
    """Exit status, and all that was said."""
    output = StringIO()
    try:
        call_command("franceconnect_check", stdout=output)
    except CommandError as error:
        return error.returncode, _plain(f"{output.getvalue()}{error}\n")
    return 0, _plain(output.getvalue())


def _plain(text: str) -> str:
    """With ordinary spaces, to be searched."""
    return text.replace("\N{NO-BREAK SPACE}", " ")


def wrong_lines() -> list[str]:
    """The lines that are wrong, each with its remedy; the exit status must agree."""
    status, text = check()
    lines = text.splitlines()
    wrong = [f"{line}{lines[n + 1]}" for n, line in enumerate(lines) if line.startswith("  ✗ ")]
    assert status == bool(wrong)
    return wrong


def the_wrong_line() -> str:
    wrong = wrong_lines()
    assert len(wrong) == 1, wrong
    return wrong[0]


# --- All is right ---


def test_when_all_is_right_it_says_so_and_what_to_declare(simulator):
    status, text = check()

    assert status == 0, text
    assert "✗" not in text
    assert "à vérifier" not in text
    assert f"{BASE_URL}/franceconnect/callback/\n" in text
    assert f"{BASE_URL}/franceconnect/logout-callback/\n" in text
    assert "Algorithme de signature :\n      ES256\n" in text
    assert "jwks" not in text
    assert "sector" not in text
    assert text.endswith("Rien à corriger.\n")


def test_every_subject_has_its_line(simulator):
    _, text = check()

    for subject in (
        "Aucune contradiction",
        "Configuration publiée",
        "Émetteur",
        "Adresses",
        "Type de réponse : code",
        "Envoi du secret : client_secret_post",
        "Signature du jeton : ES256",
        "Signature des données : ES256",
        "Niveaux de garantie : eidas1",
        "Portées : openid, identite_pivot, preferred_username, email",
        "Clés de signature de la plateforme : 1 pour ES256",
        "Identifiant et secret : acceptés",
        "Horloge : à l’heure",
    ):
        assert f"  ✓ {subject}" in text


def test_several_addresses_are_all_declared_with_their_sector(simulator, settings):
    configure(settings, other_base_urls=["https://autre.example"])

    status, text = check()

    assert status == 0
    assert "      https://autre.example/franceconnect/callback/\n" in text
    assert "      https://autre.example/franceconnect/logout-callback/\n" in text
    sector = f"sector_identifier_uri :\n      {BASE_URL}/franceconnect/sector-identifier/\n"
    assert sector in text


def test_franceconnect_plus_has_its_own_lines(simulator, plus):
    status, text = check()

    assert status == 0, text
    assert "✗" not in text
    [key] = encryption.public_keys(PLUS_KEY)
    assert f"✓ Clés de chiffrement du portail : kid {key['kid']}." in text
    assert "✓ Chiffrement du jeton (alg) : ECDH-ES." in text
    assert "✓ Chiffrement des données (enc) : A256GCM." in text
    for page in ("callback", "logout-callback", "jwks"):
        assert f"      {BASE_URL}/franceconnect-plus/{page}/\n" in text


# --- What the portal has cached ---


def test_it_reads_nothing_from_the_cache_and_leaves_it_as_it_was(simulator):
    kept = client.metadata(conf.platform()), client.key_set(conf.platform())
    simulator.control({"at": "discovery", "members": {"issuer": STRANGE}}, rotate_keys=True)

    assert "Émetteur" in the_wrong_line()

    assert (client.metadata(conf.platform()), client.key_set(conf.platform())) == kept


def test_it_puts_nothing_in_an_empty_cache(simulator):
    check()

    for what in ("metadata", "keys"):
        assert cache.get(client.cache_key(conf.platform(), what)) is None


# --- What can be wrong ---


@pytest.mark.parametrize(
    ("members", "said", "remedy"),
    [
        ({"issuer": STRANGE}, f"« {STRANGE} » au lieu de", "FRANCECONNECT_ISSUER : recopiez"),
        ({"issuer": None}, "Émetteur : rien au lieu de", "FRANCECONNECT_ISSUER : recopiez"),
        ({"userinfo_endpoint": f"{STRANGE}/userinfo"}, "userinfo_endpoint", "serveur mandataire"),
        ({"end_session_endpoint": None}, "end_session_endpoint (rien)", "serveur mandataire"),
        ({"authorization_endpoint": 7}, "authorization_endpoint (« 7 »)", "serveur mandataire"),
        ({"response_types_supported": ["id_token"]}, "code absent", "version 2"),
        (
            {"token_endpoint_auth_methods_supported": ["private_key_jwt"]},
            "client_secret_post absent (proposés : private_key_jwt)",
            "version 2",
        ),
        (
            {"id_token_signing_alg_values_supported": ["RS256"]},
            "Signature du jeton : ES256 absent (proposés : RS256)",
            "FRANCECONNECT_SIGNING_ALG : donnez",
        ),
        (
            {"userinfo_signing_alg_values_supported": []},
            "Signature des données : ES256 absent (proposés : rien)",
            "FRANCECONNECT_SIGNING_ALG : donnez",
        ),
        (
            {"acr_values_supported": ["eidas2", "eidas3"]},
            "Niveaux de garantie : eidas1 absent (proposés : eidas2, eidas3)",
            "FRANCECONNECT_ACR_VALUES : ne demandez",
        ),
        (
            {"scopes_supported": ["openid", "email"]},
            "Portées : identite_pivot, preferred_username absent",
            "FRANCECONNECT_SCOPES : corrigez",
        ),
    ],
)
def test_each_fault_of_discovery_is_said_with_its_remedy(simulator, members, said, remedy):
    simulator.control({"at": "discovery", "members": members})

    line = the_wrong_line()

    assert said in line
    assert f"→ {remedy}" in line or remedy in line.partition("→")[2]


@pytest.mark.parametrize("member", ["scopes_supported", "acr_values_supported"])
def test_what_the_platform_does_not_publish_is_left_to_be_verified(simulator, member):
    simulator.control({"at": "discovery", "members": {member: None}})

    status, text = check()

    assert status == 0
    assert f"la plateforme ne publie pas de liste {member}" in text
    assert "  à vérifier – " in text


EC = forge.jwk() | {"use": "sig"}
PRIVATE = forge.b64(forge.EC_KEY.private_numbers().private_value.to_bytes(32, "big"))


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ([], "trouvées : rien"),
        (["text", None], "trouvées : rien"),
        ("text", "trouvées : rien"),
        ([{"kty": "RSA", "use": "sig"}], "trouvées : RSA – sig"),
        ([EC | {"crv": "P-384"}], "trouvées : EC P-384 sig"),
        ([EC | {"use": "enc"}], "trouvées : EC P-256 enc"),
        ([EC | {"alg": "ES384"}], "trouvées : EC P-256 sig"),
        ([EC | {"x": "!", "y": "!"}], "trouvées : EC P-256 sig"),
        ([EC | {"d": PRIVATE}], "trouvées : EC P-256 sig"),
    ],
)
def test_a_key_set_without_a_usable_key_is_said(simulator, keys, found):
    simulator.control({"at": "jwks", "members": {"keys": keys}})

    line = the_wrong_line()

    assert f"aucune pour ES256 ({found})" in line
    assert "FRANCECONNECT_SIGNING_ALG" in line


def test_addresses_elsewhere_are_never_asked(simulator):
    members = {"jwks_uri": f"{STRANGE}/jwks", "token_endpoint": f"{STRANGE}/token"}
    simulator.control({"at": "discovery", "members": members})

    addresses, keys, credentials = wrong_lines()

    assert "jwks_uri" in addresses
    assert "token_endpoint" in addresses
    assert "hors de la plateforme" in keys
    assert "hors de la plateforme" in credentials
    assert "POST /api/v2/token" not in simulator.calls()


@pytest.mark.parametrize("setting", ["client_id", "client_secret"])
def test_refused_credentials_are_said(simulator, settings, setting):
    configure(settings, **{setting: "un-mauvais-secret-0123456789abcdefghij"})

    line = the_wrong_line()

    assert "Identifiant et secret : refusés (invalid_client)" in line
    assert "FRANCECONNECT_CLIENT_ID et FRANCECONNECT_CLIENT_SECRET : recopiez" in line


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503},
        {"status": 400, "members": {"error": SECRET}},
        {"status": 400, "members": {"error": ["invalid_grant"]}},
        {"status": 200, "body": "{}"},
    ],
)
def test_a_strange_answer_about_the_secret_is_no_acceptance(simulator, fault):
    simulator.control({"at": "token", "members": {"error": None}} | fault)

    assert "Identifiant et secret : réponse inattendue" in the_wrong_line()


@pytest.mark.parametrize("at", ["discovery", "jwks", "token"])
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"cut": True}, "http_"),
        ({"body": "<!doctype html><title>Panne</title>"}, "pas un document JSON"),
        ({"body": "[]"}, "pas un document JSON"),
        ({"size": 400_000}, "answer_too_large"),
        ({"delay": 1}, "réponse trop lente"),
        ({"drip": 0.05}, "réponse trop lente"),
    ],
)
def test_a_platform_that_does_not_answer_well_is_a_plain_line(simulator, settings, at, fault, said):
    configure(settings, timeout=0.5)
    simulator.control({"at": at, **fault})

    line = the_wrong_line()

    assert said in line
    assert "→" in line


@pytest.mark.parametrize("status", [302, 404, 500])
def test_another_status_than_200_is_said(simulator, status):
    simulator.control({"at": "discovery", "status": status})

    assert f"http_{status}" in the_wrong_line()


def test_a_platform_that_is_down_is_said(settings):
    configure(settings, issuer="http://127.0.0.1:9/api/v2")

    line = the_wrong_line()

    assert "injoignable (http_ConnectionError)" in line
    assert "le DNS et la sortie https" in line


@pytest.mark.parametrize("issuer", ["nowhere", "ftp://127.0.0.1"])
def test_an_issuer_that_is_no_address_is_said(settings, issuer):
    configure(settings, issuer=issuer)

    assert "FRANCECONNECT_ISSUER" in the_wrong_line()


# --- The clock ---


@pytest.mark.parametrize(
    ("seconds", "status", "said"),
    [
        (5, 0, "✓ Horloge : à l’heure"),
        (30, 0, "à vérifier – Horloge : ce serveur avance de"),
        (-30, 0, "à vérifier – Horloge : ce serveur retarde de"),
        (90, 1, "✗ Horloge : ce serveur avance de"),
        (-90, 1, "✗ Horloge : ce serveur retarde de"),
    ],
)
def test_a_clock_that_is_off_is_said(simulator, seconds, status, said):
    with time_machine.travel(time.time() + seconds):
        found, text = check()

    assert found == status
    assert f"  {said}" in text
    assert ("(NTP)" in text) == ("✓" not in said)


@pytest.mark.parametrize("date", [None, "yesterday", "Tue, 99 Nov 2026 06:26:56 GMT"])
def test_a_platform_without_a_date_leaves_the_clock_to_be_verified(settings, date):
    provider = HostileProvider()
    configure(settings, issuer=provider.issuer)
    provider.say("token", http({"error": "invalid_grant"}, "400 Bad Request", Date=date))

    _, text = check()
    provider.close()

    assert "à vérifier – Horloge : la plateforme ne donne pas l’heure." in text


def test_a_date_kept_by_a_cache_on_the_way_is_not_the_clock(settings):
    provider = HostileProvider()
    configure(settings, issuer=provider.issuer)
    old, now = (formatdate(time.time() - age, usegmt=True) for age in (600, 0))
    provider.say("discovery", http(provider.discovery(), Date=old))
    provider.say("token", http({"error": "invalid_grant"}, "400 Bad Request", Date=now))

    _, text = check()
    provider.close()

    assert "✓ Horloge : à l’heure." in text


# --- The settings ---


def test_without_any_platform_it_says_what_to_give(settings):
    configure(settings, issuer="", client_id="", client_secret="")

    status, text = check()

    assert status == 1
    assert "Aucune plateforme n’est configurée : donnez FRANCECONNECT_ISSUER," in text


def test_what_the_system_checks_say_comes_first(simulator, settings):
    configure(settings, scopes="email")

    line = the_wrong_line()

    assert "FRANCECONNECT_SCOPES doit contenir openid." in line.replace("  ", " ")


def test_a_contradiction_of_the_settings_stops_nothing_else(simulator, settings):
    configure(settings, signing_alg="HS256", client_secret="")

    assert len(wrong_lines()) == 2

    configure(settings, client_secret=SECRET)

    text = "\n".join(wrong_lines())
    assert "FRANCECONNECT_SIGNING_ALG" in text
    assert "aucune pour HS256" in text


# --- FranceConnect+ ---


@pytest.mark.parametrize(
    ("member", "said"),
    [
        ("id_token_encryption_alg_values_supported", "Chiffrement du jeton (alg) : ECDH-ES absent"),
        ("userinfo_encryption_enc_values_supported", "Chiffrement des données (enc) : A256GCM"),
    ],
)
def test_an_encryption_that_franceconnect_plus_does_not_do_is_said(simulator, plus, member, said):
    plus.control({"at": "discovery", "members": {member: ["RSA1_5"]}})

    line = the_wrong_line()

    assert said in line
    assert "FRANCECONNECT_PLUS_ENCRYPTION_KEY : refaites" in line


def test_its_remedies_name_its_own_settings(simulator, plus, settings):
    settings.FRANCECONNECT_PLUS = settings.FRANCECONNECT_PLUS | {"client_secret": "x" * 40}

    assert "FRANCECONNECT_PLUS_CLIENT_SECRET : recopiez" in the_wrong_line()


def test_its_own_key_is_checked_even_when_it_is_down(simulator, plus, settings):
    values = {"issuer": "http://127.0.0.1:9/api/v2", "encryption_key": "no key"}
    settings.FRANCECONNECT_PLUS = settings.FRANCECONNECT_PLUS | values

    text = "\n".join(wrong_lines())

    assert "injoignable" in text
    assert "Clés de chiffrement du portail : illisibles" in text


def test_several_keys_are_all_named():
    other = pem(RSA_KEY)
    platform = replace(conf.platform(), encryption_key=PLUS_KEY + other)

    [finding] = diagnosis.encryption_findings(platform)

    assert finding.status == Status.RIGHT
    assert all(key["kid"] in finding.title for key in encryption.public_keys(PLUS_KEY + other))


# --- Nothing secret, nothing of another's writing ---


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"at": "discovery", "cut": True},
        {"at": "token", "body": f'{{"error": "{SECRET}"}}'},
        {"at": "token", "body": SECRET},
        {"at": "token", "cut": True},
    ],
)
def test_nothing_secret_is_printed(simulator, plus, fault, capsys, caplog):
    for platform in (simulator, plus):
        if fault:
            platform.control(fault)

    _, text = check()

    everything = f"{text}{''.join(capsys.readouterr())}{caplog.text}"
    body = "".join(PLUS_KEY.splitlines()[1:-1])
    for secret in (SECRET, PLUS_SECRET, "PRIVATE KEY", body[:40], body[-40:]):
        assert secret not in everything


def test_what_another_server_writes_cannot_act_on_the_terminal(simulator):
    simulator.control({"at": "discovery", "members": {"issuer": "\x1b[2J\n  ✓ " + "a" * 9999}})

    line = the_wrong_line()

    assert "« ?[2J?  ✓ aaa" in line
    assert len(line) < 500
