"""FranceConnect+ beside FranceConnect: two providers, one space, no mix-up."""

from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from accounts.models import JournalEntry, PersonalSpace, Provenance, User
from franceconnect import conf, encryption, linking, services
from franceconnect.linking import Decision
from franceconnect.models import Link
from tests.accounts.agents import sign_in_agent
from tests.accounts.factories import PASSWORD
from tests.franceconnect.fixtures import PLUS_KEY

LINK, FIRST_TIME = reverse("franceconnect:link"), reverse("franceconnect:first_time")
STEP_UP = reverse("franceconnect:plus_step_up")
PROFILE = "/mon-espace/profil/"
pytestmark = pytest.mark.usefixtures("plus")


def request_of(client):
    """A request by whoever is signed in with this client."""
    request = RequestFactory().get("/mon-espace/profil/")
    request.session = client.session
    pk = client.session.get("_auth_user_id")
    request.user = User.objects.get(pk=pk)
    return request


def level(client):
    return services.session_level(request_of(client))


def tie(citizen, traveller, login="ines", **fields):
    """A link made long ago, by the platform this traveller goes to."""
    return Link.objects.create(
        issuer=traveller.simulator.issuer,
        sub=traveller.sub_of(login),
        citizen=citizen,
        level="eidas2" if traveller.name == conf.FRANCECONNECT_PLUS else "eidas1",
        **fields,
    )


def assert_refused(response, code):
    assert response.status_code in (400, 403)
    assert JournalEntry.objects.first().code == code


# --- A platform of its own ---


def test_the_departure_is_for_its_own_issuer_client_and_level(plus_traveller):
    url = urlsplit(plus_traveller.leave())
    query = parse_qs(url.query)

    assert url._replace(query="").geturl() == f"{plus_traveller.simulator.issuer}/authorize"
    assert query["client_id"] == ["portail-de-test-plus"]
    assert query["acr_values"] == ["eidas2"]
    assert query["redirect_uri"][0].endswith("/franceconnect-plus/callback/")


def test_a_new_person_opens_a_space_at_the_level_they_proved(plus_traveller):
    response = plus_traveller.go()
    plus_traveller.client.post(FIRST_TIME, {"contact_email": "ines@rivemont.example"})

    assert response["Location"] == FIRST_TIME
    link = Link.objects.get()
    assert (link.issuer, link.level) == (plus_traveller.simulator.issuer, "eidas2")
    assurance = services.session_assurance(request_of(plus_traveller.client))
    assert (assurance.level, assurance.means) == ("eidas2", "FranceConnect+")
    assert JournalEntry.objects.first().means == "FranceConnect+"


def test_somebody_known_comes_back(plus_traveller, citizen):
    tie(citizen, plus_traveller)

    response = plus_traveller.go(next=PROFILE)

    assert response["Location"] == PROFILE
    assert plus_traveller.user_id == citizen.pk


def test_an_unknown_day_and_month_of_birth_are_kept_as_they_came(plus_traveller):
    plus_traveller.go("étranger_présumé_né_jour_et_mois")
    plus_traveller.client.post(FIRST_TIME, {"contact_email": "jean@rivemont.example"})

    space = PersonalSpace.objects.get()
    assert space.birthdate_text == "1992-00-00"
    assert space.birthdate.isoformat() == "1992-01-01"
    assert plus_traveller.client.get(PROFILE).status_code == 200


def test_the_same_person_has_another_sub_there(traveller, plus_traveller):
    assert traveller.sub_of() != plus_traveller.sub_of()


# --- Encryption: case 32 ---


@pytest.mark.parametrize(
    "fault",
    [
        {"encryption": "missing"},
        {"encryption": "other_key"},
        {"encryption": "broken"},
        {"encryption": "not_signed"},
        {"encryption_header": {"kid": "unknown"}},
        {"encryption_header": {"kid": None}},
        {"encryption_header": {"enc": "A128GCM"}},
        {"encryption_header": {"alg": "ECDH-ES+A128KW"}},
        {"encryption_header": {"alg": "none"}},
        {"encryption_header": {"alg": "dir"}},
        {"encryption_header": {"zip": "DEF"}},
        {"encryption_header": {"cty": None}},
        {"payload": "neither signed nor a token"},
        {"signing": "other_key"},
        {"signing": "none"},
        {"claims": {"iss": "https://autre.example/api/v2"}},
    ],
    ids=str,
)
@pytest.mark.parametrize("place", ["id_token", "userinfo_token"])
def test_a_token_encrypted_otherwise_than_agreed_is_refused(plus_traveller, place, fault):
    callback = plus_traveller.identify(plus_traveller.leave())
    plus_traveller.simulator.control({"at": place, **fault})

    response = plus_traveller.come_back(callback)

    assert response.status_code == 400
    assert plus_traveller.user_id is None
    assert "franceconnect_pending_identity" not in plus_traveller.client.session


def test_our_key_is_replaced_without_anybody_noticing(plus_traveller, citizen, settings):
    """The new one first, the old one kept: FranceConnect+ may still encrypt for either."""
    tie(citizen, plus_traveller)
    new = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    both = new.decode() + PLUS_KEY
    settings.FRANCECONNECT_PLUS = settings.FRANCECONNECT_PLUS | {"encryption_key": both}

    plus_traveller.go()
    assert plus_traveller.user_id == citizen.pk

    plus_traveller.client.logout()
    published = plus_traveller.client.get("/franceconnect-plus/jwks/").json()
    plus_traveller.simulator.control(jwks={"keys": published["keys"][:1]})
    plus_traveller.go()
    assert plus_traveller.user_id == citizen.pk


def test_the_key_set_is_public_and_holds_nothing_private(client, plus):
    response = client.get("/franceconnect-plus/jwks/")

    assert response["Content-Type"] == "application/jwk-set+json"
    assert response["Cache-Control"] == "public, max-age=600"
    assert response.json() == {"keys": encryption.public_keys(PLUS_KEY)}
    assert "d" not in response.json()["keys"][0]
    assert client.post("/franceconnect-plus/jwks/").status_code == 405


def test_without_franceconnect_plus_its_pages_do_not_exist(client, db, settings):
    settings.FRANCECONNECT_PLUS = settings.FRANCECONNECT_PLUS | {"encryption_key": ""}

    for page in ("jwks", "callback", "connexion", "logout-callback", "renforcer"):
        assert client.get(f"/franceconnect-plus/{page}/").status_code == 404


def test_the_redirect_addresses_of_several_hosts_are_one_document(client, settings):
    settings.FRANCECONNECT = settings.FRANCECONNECT | {"other_base_urls": ["https://autre.example"]}

    for folder in ("franceconnect", "franceconnect-plus"):
        assert client.get(f"/{folder}/sector-identifier/").json() == [
            f"{settings.BASE_URL}/{folder}/callback/",
            f"https://autre.example/{folder}/callback/",
        ]


# --- The two cannot be mixed up ---


def at_the_other_callback(callback, folder, **changes):
    query = dict(parse_qsl(urlsplit(callback).query)) | changes
    return f"/{folder}/callback/?{urlencode(query)}"


@pytest.mark.parametrize("issuer", ["kept", "forged"])
def test_an_answer_of_one_is_refused_at_the_callback_of_the_other(
    traveller, plus_traveller, issuer
):
    callback = traveller.identify(traveller.leave())
    changes = {"iss": plus_traveller.simulator.issuer} if issuer == "forged" else {}
    assert_refused(
        plus_traveller.come_back(at_the_other_callback(callback, "franceconnect-plus", **changes)),
        "callback_issuer_mismatch",
    )

    callback = plus_traveller.identify(plus_traveller.leave())
    changes = {"iss": traveller.simulator.issuer} if issuer == "forged" else {}
    assert_refused(
        traveller.come_back(at_the_other_callback(callback, "franceconnect", **changes)),
        "callback_issuer_mismatch",
    )
    for simulator in (traveller.simulator, plus_traveller.simulator):
        assert "POST /api/v2/token" not in simulator.calls()


def test_a_state_of_one_is_no_state_of_the_other(traveller, plus_traveller):
    ours = parse_qs(urlsplit(traveller.leave()).query)["state"][0]
    callback = plus_traveller.identify(plus_traveller.leave())

    assert_refused(
        plus_traveller.come_back(at_the_other_callback(callback, "franceconnect-plus", state=ours)),
        "callback_issuer_mismatch",
    )


def test_the_same_sub_at_the_other_platform_is_somebody_else(traveller, plus_traveller, citizen):
    Link.objects.create(
        issuer=plus_traveller.simulator.issuer,
        sub=traveller.sub_of(),
        citizen=citizen,
        level="eidas2",
    )

    assert traveller.go()["Location"] == FIRST_TIME


# --- One space, two links ---


@pytest.fixture
def entered(traveller, plus_traveller, link_of, citizen):
    """Ines, signed in by FranceConnect, about to be asked for more."""
    link_of(citizen)
    traveller.go()
    assert level(traveller.client) == "eidas1"
    return plus_traveller


def test_a_step_up_ties_the_second_identity_after_a_look_then_leads_back(entered, citizen):
    response = entered.go(intent="step_up", next=PROFILE)
    assert response["Location"] == LINK
    assert level(entered.client) == "eidas1"

    response = entered.client.post(LINK)

    assert response["Location"] == PROFILE
    assert level(entered.client) == "eidas2"
    assert citizen.franceconnect_links.active().count() == 2


def test_the_next_step_up_leads_straight_back(entered, citizen):
    tie(citizen, entered)

    response = entered.go(intent="step_up", next=PROFILE)

    assert response["Location"] == PROFILE
    assert level(entered.client) == "eidas2"


def test_a_step_up_is_no_reauthentication(entered, citizen):
    """Single sign-on may have answered it: what cannot be undone still asks again."""
    tie(citizen, entered)
    entered.go(intent="step_up", next=PROFILE)

    assert "confirmation-identite" in entered.client.get("/franceconnect/dissocier/")["Location"]


def test_a_step_up_by_somebody_else_is_refused_and_changes_nothing(entered, stranger, citizen):
    tie(stranger, entered, "test")

    response = entered.go("test", intent="step_up", next=PROFILE)

    assert_refused(response, Decision.REFUSE_ANOTHER_PERSON.value)
    assert "FranceConnect+ n’est pas celle de cet espace" in response.content.decode()
    assert entered.user_id == citizen.pk
    assert level(entered.client) == "eidas1"


def test_the_level_belongs_to_the_session_not_to_the_account(entered, citizen, client):
    tie(citizen, entered)
    entered.go(intent="step_up", next=PROFILE)
    client.post("/connexion/", {"login": citizen.email, "password": PASSWORD})

    assert level(client) is None


def test_an_identity_of_franceconnect_plus_is_claimed_by_way_of_franceconnect(
    traveller, plus_traveller, link_of, citizen
):
    """No password, no code: the space is proven by the platform that already opens it."""
    link_of(citizen)
    plus_traveller.go(next=PROFILE)
    response = traveller.client.post(FIRST_TIME, {"existing": "1"})
    next_url = parse_qs(urlsplit(response["Location"]).query)["next"][0]

    response = traveller.go(next=next_url)
    traveller.client.get(response["Location"])
    comparison = traveller.client.get(LINK)
    traveller.client.post(LINK)

    assert comparison.context["platform"].label == "FranceConnect+"
    assert citizen.franceconnect_links.active().count() == 2


def test_the_civil_register_wins_over_an_identity_provider(traveller, plus_traveller, citizen):
    tie(citizen, traveller)
    traveller.go()
    tie(citizen, plus_traveller)
    plus_traveller.client.logout()
    person = {"login": "ines", "family_name": "PERRÈR", "given_name_array": ["Inès"]}
    plus_traveller.simulator.put_person(
        gender="female",
        birthdate="1985-04-12",
        birthplace="44109",
        birthcountry="99100",
        email="ines@rivemont.example",
        **person,
    )
    linking.apply_sign_in(
        Link.objects.get(issuer=plus_traveller.simulator.issuer),
        acr="eidas2",
        identity=pivot("PERRÈR"),
    )

    assert PersonalSpace.objects.get(user=citizen).birth_family_name == "PERRER"


def pivot(family_name):
    from franceconnect.identity import PivotIdentity

    return PivotIdentity(family_name, ("Inès",), "", "female", "1985-04-12", "", "", "")


def test_alone_franceconnect_plus_refreshes_the_identity(plus_traveller, citizen):
    link = tie(citizen, plus_traveller)

    linking.apply_sign_in(link, acr="eidas2", identity=pivot("NOUVEAU"))

    assert PersonalSpace.objects.get(user=citizen).birth_family_name == "NOUVEAU"


def test_two_people_never_share_a_space_by_its_two_platforms(entered, citizen):
    """A weak account of one, a strong one of the other: the sum would pass for a strong proof."""
    entered.go("test", intent="step_up", next=PROFILE)

    page = entered.client.get(LINK, follow=True)
    assert_refused(page, Decision.REFUSE_ANOTHER_PERSON.value)
    entered.client.post(LINK, {"same_person": "on"})

    assert level(entered.client) == "eidas1"
    assert citizen.franceconnect_links.active().count() == 1


def test_nor_in_the_other_order(traveller, plus_traveller):
    plus_traveller.go("test")
    plus_traveller.client.post(FIRST_TIME, {"contact_email": "autre@rivemont.example"})
    traveller.go("ines", intent="link")

    traveller.client.post(LINK, {"same_person": "on"})

    assert Link.objects.active().count() == 1
    assert JournalEntry.objects.first().code == Decision.REFUSE_ANOTHER_PERSON.value


def test_a_level_ends_with_its_link(entered, citizen):
    tie(citizen, entered)
    entered.go(intent="step_up", next=PROFILE)
    assert level(entered.client) == "eidas2"

    Link.objects.filter(issuer=entered.simulator.issuer).update(
        ended_at=timezone.now(), end_cause="citizen"
    )

    assert level(entered.client) == "eidas1"


# --- Unlinking one of the two ---


def test_the_identity_stays_certified_while_a_link_remains(traveller, plus_traveller, citizen):
    tie(citizen, traveller)
    tie(citizen, plus_traveller)
    traveller.go()

    linking.apply_unlink(citizen, plus_traveller.simulator.issuer)
    assert PersonalSpace.objects.get(user=citizen).is_certified

    linking.apply_unlink(citizen, traveller.simulator.issuer)
    space = PersonalSpace.objects.get(user=citizen)
    assert space.identity_provenance == Provenance.DECLARED


def test_the_other_platform_is_a_way_in(traveller, plus_traveller):
    traveller.go()
    traveller.client.post(FIRST_TIME, {"contact_email": "ines@rivemont.example"})
    user = User.objects.get()
    assert not linking.has_another_way_in(user, traveller.simulator.issuer)

    tie(user, plus_traveller)

    assert linking.has_another_way_in(user, traveller.simulator.issuer)
    assert linking.apply_unlink(user, traveller.simulator.issuer)


def test_a_platform_switched_off_is_no_way_in(traveller, plus_traveller, settings):
    traveller.go()
    traveller.client.post(FIRST_TIME, {"contact_email": "ines@rivemont.example"})
    user = User.objects.get()
    tie(user, plus_traveller)
    settings.FRANCECONNECT_PLUS = settings.FRANCECONNECT_PLUS | {"client_id": ""}

    assert not linking.has_another_way_in(user, traveller.simulator.issuer)


# --- What the rest of the portal asks ---


@services.level_required("eidas2")
def sensitive(request):
    return HttpResponse("sensible")


def test_a_page_that_asks_a_level_offers_the_step_up_and_the_way_back(entered, citizen):
    response = sensitive(request_of(entered.client))
    assert response["Location"] == f"{STEP_UP}?next=%2Fmon-espace%2Fprofil%2F"

    tie(citizen, entered)
    entered.go(intent="step_up", next=PROFILE)

    assert sensitive(request_of(entered.client)).content == b"sensible"


@pytest.mark.parametrize("changes", [{"client_id": ""}, {"acr_values": "eidas1"}])
def test_a_level_that_nothing_gives_is_a_fault_of_ours(
    traveller, link_of, citizen, settings, changes
):
    link_of(citizen)
    traveller.go()
    settings.FRANCECONNECT_PLUS = settings.FRANCECONNECT_PLUS | changes

    with pytest.raises(ImproperlyConfigured):
        sensitive(request_of(traveller.client))


def test_the_step_up_page_says_what_it_is_for_and_starts_nothing(entered):
    page = entered.client.get(f"{STEP_UP}?next={PROFILE}")

    assert page.status_code == 200
    assert 'value="step_up"' in page.content.decode()
    assert f'value="{PROFILE}"' in page.content.decode()
    assert "GET /api/v2/authorize" not in entered.simulator.calls()


def test_a_stranger_can_sign_in_from_the_step_up_page(client, db):
    page = client.get(f"{STEP_UP}?next=https://evil.example/")

    assert page.status_code == 200
    assert "evil.example" not in page.content.decode()


def test_agents_have_no_level_to_raise(client, agent):
    sign_in_agent(client, agent)

    assert client.get(STEP_UP).status_code == 403


# --- Sign-out ---


def test_signing_out_ends_the_session_at_both_platforms(entered, traveller, citizen):
    tie(citizen, entered)
    entered.go(intent="step_up", next=PROFILE)

    response = entered.client.post("/deconnexion/")
    first = urlsplit(response["Location"])
    assert entered.user_id is None
    state = parse_qs(first.query)["state"][0]
    response = entered.client.get(f"/franceconnect-plus/logout-callback/?state={state}")
    second = urlsplit(response["Location"])

    assert {first.netloc, second.netloc} == {
        urlsplit(simulator.issuer).netloc for simulator in (traveller.simulator, entered.simulator)
    }
    assert {first.path, second.path} == {"/api/v2/session/end"}


def test_only_franceconnect_plus_opens_the_portal_when_it_is_alone(client, db, settings):
    settings.FRANCECONNECT = settings.FRANCECONNECT | {"client_id": ""}

    page = client.get("/").content.decode()

    assert 'action="/franceconnect-plus/connexion/"' in page
    assert 'action="/franceconnect/connexion/"' not in page
