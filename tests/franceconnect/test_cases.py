"""The cases of docs/cas-franceconnect.md that no other module proves."""

import time

import pytest
import time_machine
from django.contrib.messages import get_messages
from django.utils.html import escape

from accounts.models import PersonalSpace, User
from franceconnect.exceptions import AccessDenied
from franceconnect.models import Link
from tests.accounts.factories import PASSWORD, make_citizen
from tests.franceconnect.forge import SUB
from tests.franceconnect.hostile import FIRST_TIME, IDENTITY, Visitor, hostile_provider, http

PROFILE = "/mon-espace/profil/"
OTHER_SUB = "b" * 64 + "v1"
CREATE = {"contact_email": "a.ines@rivemont.example"}


@pytest.fixture
def provider(db, settings):
    with hostile_provider(settings) as provider:
        yield provider


@pytest.fixture
def visitor(provider):
    return Visitor(provider)


def go(visitor, **claims):
    """There and back, as somebody with these claims."""
    provider = visitor.provider
    visitor.leave()
    sub = {"sub": claims["sub"]} if "sub" in claims else {}
    provider.say("token", http(provider.token_answer(id_token=provider.id_token(**sub))))
    provider.say("userinfo", http(provider.userinfo(**claims), Content_Type="application/jwt"))
    return visitor.come_back()


def link(provider, citizen, sub=SUB):
    return Link.objects.create(issuer=provider.issuer, sub=sub, citizen=citizen, level="eidas1")


def user_id(visitor):
    pk = visitor.client.session.get("_auth_user_id")
    return pk and int(pk)


@pytest.mark.parametrize("error", ["access_denied", "server_error", "anything"])
def test_case_15_an_error_beside_a_code_is_an_error(provider, visitor, citizen, error):
    link(provider, citizen)
    visitor.leave()
    visitor.query["error"] = error

    response = visitor.come_back()

    assert provider.calls("token") == 0
    assert user_id(visitor) is None
    if error == "access_denied":
        assert [str(message) for message in get_messages(response.wsgi_request)] == [
            AccessDenied.user_message
        ]
    else:
        assert response.status_code == 503


def test_case_16_a_reload_before_deciding_asks_nothing_again_and_loses_nothing(provider, visitor):
    visitor.go()

    reloaded = visitor.come_back()

    assert reloaded.status_code == 400
    assert provider.calls("token") == 1
    assert visitor.client.post(FIRST_TIME, CREATE)["Location"] == "/mon-espace/"
    visitor.come_back()
    assert User.objects.count() == Link.objects.count() == 1


def test_case_38_somebody_born_abroad_has_a_country_and_no_town(visitor):
    go(visitor, birthplace="", birthcountry="99352")
    visitor.client.post(FIRST_TIME, CREATE)

    page = visitor.client.get(PROFILE).content.decode()

    space = PersonalSpace.objects.get()
    assert (space.birthplace, space.birthcountry) == ("", "99352")
    assert "Pays de naissance" in page
    assert "Algérie" in page
    assert "Commune de naissance" not in page
    assert "inconnue" not in page


@pytest.mark.parametrize("value", [..., "", None])
def test_case_40_without_a_usual_name_the_birth_name_is_shown(visitor, value):
    go(visitor, preferred_username=value)
    visitor.client.post(FIRST_TIME, CREATE)

    assert PersonalSpace.objects.get().usual_name == ""
    assert "Ines PERRER" in visitor.client.get("/mon-espace/").content.decode()


@pytest.mark.parametrize(
    "name", ["DURANTéàèùòœæŒÆ", "CHAP'ELLE", "DE CENTUNE", "É" * 255], ids=lambda name: name[:20]
)
def test_case_41_a_name_is_stored_and_shown_exactly(visitor, name):
    go(visitor, family_name=name)
    visitor.client.post(FIRST_TIME, CREATE)

    assert PersonalSpace.objects.get().birth_family_name == name
    assert escape(name) in visitor.client.get(PROFILE).content.decode()


def test_case_43_an_unspecified_gender_is_shown_as_such(visitor):
    go(visitor, gender="unspecified")
    visitor.client.post(FIRST_TIME, CREATE)

    page = visitor.client.get(PROFILE).content.decode()
    assert PersonalSpace.objects.get().gender == "unspecified"
    assert not any(word in page for word in ("Madame", "Monsieur", "Féminin", "Masculin"))


@pytest.mark.parametrize("number", [1, 2])
def test_case_47_an_equal_civil_status_links_nobody(visitor, number):
    for index in range(number):
        make_citizen(
            f"ines{index}@rivemont.example",
            birth_family_name="PERRER",
            given_names=["Ines"],
            birthplace=IDENTITY["birthplace"],
            birthcountry=IDENTITY["birthcountry"],
        )

    response = go(visitor)

    assert response["Location"] == FIRST_TIME
    assert user_id(visitor) is None
    assert not Link.objects.exists()


def test_case_48_a_corrected_civil_status_is_a_new_sub_and_the_old_space_stays(provider, visitor):
    citizen = make_citizen()
    old = link(provider, citizen)

    response = go(visitor, sub=OTHER_SUB, family_name="PERRET")

    assert response["Location"] == FIRST_TIME
    assert user_id(visitor) is None
    assert Link.objects.active().get() == old
    form = {"login": citizen.email, "password": PASSWORD}
    another = Visitor(provider)
    assert another.client.post("/connexion/", form).status_code == 302
    assert user_id(another) == citizen.pk


def test_case_56_a_session_outlives_the_tokens_that_opened_it(provider, visitor, citizen):
    link(provider, citizen)
    visitor.go()

    with time_machine.travel(time.time() + 2 * 60):
        assert visitor.client.get("/mon-espace/").status_code == 200
    assert user_id(visitor) == citizen.pk


def test_case_60_the_second_person_at_one_computer_sees_nothing_of_the_first(provider, visitor):
    go(visitor)
    go(visitor, sub=OTHER_SUB, family_name="ROUSSET", given_name_array=["Marc"])

    page = visitor.client.get(FIRST_TIME).content.decode()
    visitor.client.post(FIRST_TIME, CREATE)

    assert "ROUSSET" in page
    assert "PERRER" not in page
    assert Link.objects.get().sub == OTHER_SUB
    assert PersonalSpace.objects.get().birth_family_name == "ROUSSET"


def test_case_66_somebody_helped_by_an_aidant_signs_in_like_anybody(provider, visitor, citizen):
    link(provider, citizen)

    go(visitor, rep_scope=["argent"], amr=["fc", "pwd"], email="structure@rivemont.example")

    assert user_id(visitor) == citizen.pk
