"""FranceConnect beside the portal's own credentials: one way in stays, none goes around another."""

import re

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.urls import reverse
from django.utils import timezone

from accounts import passkeys, second_factor
from accounts.credentials import LastWayIn, read_credentials
from accounts.models import JournalKind, OneTimeCode, User
from franceconnect import codes, linking, services
from franceconnect.exceptions import LinkRefused
from franceconnect.models import EndCause, Link
from tests.accounts.authenticators import totp
from tests.accounts.factories import PASSWORD, make_citizen
from tests.accounts.test_space import sign_in
from tests.franceconnect.test_codes import EMAIL, LINK, WRONG, ask, code_in, type_in
from tests.franceconnect.test_concurrency import at_once, in_a_request, pending  # noqa: F401
from tests.franceconnect.test_platforms import level, request_of, tie

UNLINK = reverse("franceconnect:unlink")
ADD = "/mon-espace/identifiants/cles-d-acces/ajouter/"


def give_passkey(citizen, name="Téléphone"):
    """A passkey on the page and in the rules; no test here asks it to sign."""
    data = {"name": name, "credential": {}}
    return Authenticator.objects.create(user=citizen, type="webauthn", data=data)


def give_link(citizen, sub="the-sub"):
    return Link.objects.create(issuer=pending().issuer, sub=sub, citizen=citizen, level="eidas1")


@pytest.fixture(params=["app", "email_code"])
def protected(request, citizen):
    """Ines, whose password is followed by something."""
    if request.param == "app":
        TOTP.activate(citizen, "A" * 32)
    else:
        citizen.wants_email_code = True
        citizen.save()
    return citizen


def test_a_mailed_code_does_not_go_around_a_second_factor(traveller, protected, mails):
    traveller.go()

    asked = ask(traveller)
    entry = traveller.client.get(asked["Location"])
    guessed = type_in(traveller, "123456")

    mail = mails()[-1]
    assert mail.to == [EMAIL]
    assert not re.search(r"\b\d{6}\b", mail.message)
    assert 'mail-code"' not in mail.html_message
    assert "double authentification" in mail.message
    assert "PERRER" not in mail.subject
    assert WRONG in guessed.content.decode()
    assert EMAIL in entry.content.decode()
    assert OneTimeCode.objects.get().citizen is None
    assert traveller.user_id is None


def test_the_pages_say_the_same_whoever_is_protected(traveller, another_traveller, protected):
    other = make_citizen("autre@rivemont.example")
    pages = []
    for person, email in ((traveller, EMAIL), (another_traveller, other.email)):
        person.go()
        asked = ask(person, email)
        pages.append((asked.status_code, asked["Location"]))
        page = person.client.get(asked["Location"]).content.decode()
        page = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page)
        pages.append(page.replace(email, ""))

    assert pages[:2] == pages[2:]


def test_a_code_dies_when_a_second_factor_comes(traveller, citizen, mails):
    traveller.go()
    ask(traveller)
    code = code_in(mails()[-1])
    TOTP.activate(citizen, "A" * 32)

    response = type_in(traveller, code)

    assert WRONG in response.content.decode()
    assert traveller.user_id is None


def test_the_password_way_still_ties_a_protected_space(traveller, citizen, mails):
    secret = "A" * 32
    second_factor.turn_app_on(citizen, secret=secret, counter=0)
    traveller.go()
    sign_in_page = traveller.client.post(
        reverse("franceconnect:first_time"), {"existing": "1"}, follow=True
    )
    next_url = sign_in_page.context["redirect_field_value"]

    traveller.client.post("/connexion/", {"login": EMAIL, "password": PASSWORD, "next": next_url})
    response = traveller.client.post("/connexion/code/", {"code": totp(secret)}, follow=True)
    assert response.request["PATH_INFO"] == LINK
    traveller.client.post(LINK)

    assert citizen.franceconnect_links.active().count() == 1


def test_franceconnect_opens_a_protected_space_by_itself(traveller, protected, link_of):
    link_of(protected)

    traveller.go()

    assert traveller.user_id == protected.pk


def test_a_fresh_franceconnect_sign_in_is_a_proof_before_a_change(traveller, link_of):
    citizen = make_citizen(None)
    link_of(citizen)
    traveller.client.force_login(citizen, backend=services.BACKEND)
    refused = traveller.client.get(ADD)

    response = traveller.go(intent="reauthenticate", next=ADD)

    assert refused["Location"].startswith("/confirmation-identite/")
    assert response["Location"] == ADD
    assert traveller.client.get(ADD).status_code == 200
    proof = citizen.journal.get(kind=JournalKind.PROVEN_AGAIN)
    assert proof.means == "FranceConnect"


def test_the_ways_in_are_the_active_links(citizen, simulator):
    assert services.ways_in(User.objects.filter(pk=citizen.pk)) == []
    link = give_link(citizen)
    assert services.ways_in(User.objects.filter(pk=citizen.pk)) == ["FranceConnect"]
    assert read_credentials(citizen).summary() == (
        "Votre espace s’ouvre avec FranceConnect ou avec un mot de passe."
    )
    Link.objects.filter(pk=link.pk).update(ended_at=timezone.now(), end_cause="citizen")
    assert services.ways_in(User.objects.filter(pk=citizen.pk)) == []


def test_u2_a_passkey_is_another_way_in(traveller, link_of, settings):
    settings.ALLOWED_HOSTS = ["localhost", "127.0.0.1", "testserver"]
    citizen = make_citizen(None, contact_email="contact@rivemont.example")
    link_of(citizen)
    traveller.client.defaults["SERVER_NAME"] = "localhost"
    traveller.client.force_login(citizen, backend=services.BACKEND)
    traveller.go(intent="reauthenticate", next=UNLINK)

    before = traveller.client.get(UNLINK).content.decode()
    traveller.client.post(UNLINK)
    assert citizen.franceconnect_links.active().exists()
    give_passkey(citizen)
    after = traveller.client.get(UNLINK).content.decode()
    traveller.client.post(UNLINK)

    assert f"{ADD}?next=/franceconnect/dissocier/" in before.replace("%2F", "/")
    assert "Vous entrerez avec une clé d’accès." in after
    assert not citizen.franceconnect_links.active().exists()


def test_the_last_passkey_stays_once_franceconnect_is_gone(db):
    citizen = make_citizen(None)
    passkey = give_passkey(citizen)
    give_link(citizen)
    linking.apply_unlink(citizen, pending().issuer)

    with pytest.raises(LastWayIn):
        passkeys.remove_passkey(citizen, passkey.pk)


@pytest.mark.django_db(transaction=True)
def test_the_last_passkey_and_the_link_taken_away_at_once_leave_one(in_a_request):  # noqa: F811
    citizen = make_citizen(None, contact_email="contact@rivemont.example")
    passkey = give_passkey(citizen)
    give_link(citizen)

    results = at_once(
        in_a_request(lambda: passkeys.remove_passkey(citizen, passkey.pk)),
        in_a_request(lambda: linking.apply_unlink(citizen, pending().issuer)),
    )

    refused = [result for result in results if isinstance(result, LastWayIn | LinkRefused)]
    assert len(refused) == 1, results
    ways = Authenticator.objects.count() + Link.objects.active().count()
    assert ways == 1


@pytest.mark.django_db(transaction=True)
def test_two_last_passkeys_taken_away_at_once_leave_one(in_a_request):  # noqa: F811
    citizen = make_citizen(None)
    both = [give_passkey(citizen), give_passkey(citizen)]

    results = at_once(
        *[
            in_a_request(lambda pk=passkey.pk: passkeys.remove_passkey(citizen, pk))
            for passkey in both
        ]
    )

    assert [type(result) for result in results].count(LastWayIn) == 1, results
    assert Authenticator.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_code_sent_twice_at_once_serves_once(in_a_request):  # noqa: F811
    citizen, secret = make_citizen(), "A" * 32
    in_a_request(lambda: second_factor.turn_app_on(citizen, secret=secret, counter=0))()
    recovery = second_factor.unused_recovery_codes(citizen)[0]

    for code in (totp(secret), recovery):
        results = at_once(*[in_a_request(lambda c=code: second_factor.redeem(citizen, c))] * 2)
        assert sorted(result is None for result in results) == [False, True], results


@pytest.mark.django_db(transaction=True)
def test_two_activations_at_once_make_one_app(in_a_request):  # noqa: F811
    citizen = make_citizen()

    results = at_once(
        *[
            in_a_request(lambda s=letter: second_factor.turn_app_on(citizen, secret=s, counter=0))
            for letter in ("A" * 32, "B" * 32)
        ]
    )

    assert sorted(results) == [False, True]
    assert Authenticator.objects.count() == 2  # the app and its recovery codes


def test_looking_a_protected_space_up_takes_no_more_queries(
    traveller, protected, django_assert_num_queries
):
    with django_assert_num_queries(1):
        codes._citizen_of(protected.email)
    with django_assert_num_queries(1):
        codes._citizen_of("personne@rivemont.example")


def test_a_tie_is_no_reauthentication(traveller, citizen):
    """Whoever ties another identity to an open space must not then erase it as its owner."""
    sign_in(traveller.client, citizen)
    traveller.go(intent="link")
    traveller.client.post(LINK)
    assert Link.objects.active().exists()

    for page in ("/mon-espace/supprimer/", UNLINK):
        assert "confirmation-identite" in traveller.client.get(page)["Location"]


@pytest.mark.usefixtures("plus")
@pytest.mark.parametrize("path", ["/\n//evil.example", "/\t//evil.example"])
def test_the_step_up_page_leads_nowhere_else(client, citizen, path):
    sign_in(client, citizen)

    page = client.get(reverse("franceconnect:plus_step_up"), {"next": path})

    assert "evil.example" not in page.content.decode()


def test_a_proof_of_a_former_identity_says_nothing_of_the_next(plus_traveller, citizen):
    """The one tied in its place, in the same session, proves its own level."""
    former = tie(citizen, plus_traveller)
    plus_traveller.go()
    before = level(plus_traveller.client)

    linking.end_links(Link.objects.filter(pk=former.pk), EndCause.CITIZEN)
    Link.objects.create(issuer=former.issuer, sub="another", citizen=citizen, level="eidas2")

    assert (before, level(plus_traveller.client)) == ("eidas2", None)


@pytest.mark.parametrize("button", ["franceconnect", "franceconnect_plus"])
def test_single_sign_on_is_no_fresh_proof(traveller, plus_traveller, citizen, button):
    """At a borrowed screen, the button would answer for whoever went away."""
    tie(citizen, traveller)
    tie(citizen, plus_traveller)
    traveller.go()
    assert traveller.client.get(ADD).status_code == 200
    session = traveller.client.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 601
    session.save()

    if button == "franceconnect":
        traveller.go()
    else:
        plus_traveller.go(intent="step_up")

    assert "confirmation-identite" in traveller.client.get(ADD)["Location"]
    assert services.session_level(request_of(traveller.client)) is not None
