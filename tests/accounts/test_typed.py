"""Nothing typed is lost, nothing typed is shown to somebody else, nothing is sent for anybody."""

import re
import time
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django import forms
from django.test import Client
from django.urls import URLPattern, get_resolver, path
from django.views.generic import FormView

from accounts import typed
from accounts.models import PersonalSpace, TypedForm
from accounts.sessions import recent_proof_required
from accounts.views import SpaceMixin
from espace_citoyens import urls as portal_urls
from tests.accounts.factories import PASSWORD
from tests.accounts.test_space import CHANGES, prove_again, sign_in

PAGE = "/mon-espace/profil/modifier/"
MINUTE = 60
TYPED = CHANGES | {"street": "7 rue des Écluses, dite « d’en bas »", "birthdate": "31/13/85"}


@pytest.fixture
def browser(citizen):
    """Ines, in a browser whose forms are checked as a real one's."""
    client = Client(enforce_csrf_checks=True)
    enter(client, citizen)
    return client


def enter(client, citizen, next_url=""):
    page = client.get("/connexion/", {"next": next_url})
    return client.post(
        "/connexion/",
        {"login": citizen.email, "password": PASSWORD, "next": next_url} | hidden_of(page),
    )


def hidden_of(response):
    """The hidden fields of the page's own form."""
    main = response.content.decode().split("<main")[1].split("</main>")[0]
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]+)"', main)
    return dict(found)


def after(minutes):
    return time_machine.travel(time.time() + minutes * MINUTE)


def next_of(response):
    assert response.status_code == 302, response.status_code
    return parse_qs(urlsplit(response["Location"]).query)["next"][0]


def shown_in(client, url):
    """The form as the page shows it: name → value."""
    form = client.get(url).context["form"]
    return {bound.name: bound.value() for bound in form}


def test_a_form_left_for_thirty_one_minutes_loses_nothing(browser, citizen):
    hidden = hidden_of(browser.get(PAGE))

    with after(31):
        late = browser.post(PAGE, TYPED | hidden)
        sign_in_page = browser.get(late["Location"])
        back = enter(browser, citizen, next_of(late))
        page = browser.get(back["Location"])

    assert "Ce que vous aviez saisi est gardé une heure" in sign_in_page.content.decode()
    assert "Écluses" not in sign_in_page.content.decode()
    assert "Rien n’a été enregistré" in page.content.decode()
    assert {bound.name: bound.value() for bound in page.context["form"]} == TYPED
    assert not page.context["form"].errors
    assert PersonalSpace.objects.get().street == "10 avenue Victor Hugo"


def test_what_came_back_is_sent_by_the_person_and_then_forgotten(browser, citizen):
    hidden = hidden_of(browser.get(PAGE))
    with after(31):
        back = enter(browser, citizen, next_of(browser.post(PAGE, CHANGES | hidden)))
        page = browser.get(back["Location"])
        assert TypedForm.objects.count() == 1

        sent = browser.post(PAGE, CHANGES | hidden_of(page))

    assert sent["Location"] == "/mon-espace/profil/"
    assert PersonalSpace.objects.get().street == "1 place de la Mairie"
    assert not TypedForm.objects.exists()


def test_a_form_of_a_session_ended_from_another_tab_loses_nothing(browser, citizen):
    hidden = hidden_of(browser.get(PAGE))
    browser.post("/deconnexion/", hidden)

    late = browser.post(PAGE, TYPED | hidden)
    back = enter(browser, citizen, next_of(late))

    assert shown_in(browser, back["Location"]) == TYPED


def test_a_form_of_a_session_closed_from_elsewhere_loses_nothing(browser, citizen):
    hidden = hidden_of(browser.get(PAGE))
    citizen.end_sessions()

    late = browser.post(PAGE, TYPED | hidden)
    back = enter(browser, citizen, next_of(late))

    assert shown_in(browser, back["Location"]) == TYPED


def test_a_form_of_an_older_session_loses_nothing(browser, citizen):
    """Signing in changes the CSRF token: what an older page sends is refused."""
    hidden = hidden_of(browser.get(PAGE))
    browser.post("/deconnexion/", hidden)
    enter(browser, citizen)

    late = browser.post(PAGE, TYPED | hidden)

    assert late.status_code == 302
    assert shown_in(browser, late["Location"]) == TYPED
    assert PersonalSpace.objects.get().street == "10 avenue Victor Hugo"


def test_a_form_without_its_csrf_cookie_loses_nothing(browser, citizen):
    hidden = hidden_of(browser.get(PAGE))
    browser.cookies.clear()

    late = browser.post(PAGE, TYPED | hidden)
    back = enter(browser, citizen, next_of(late))

    assert shown_in(browser, back["Location"]) == TYPED


def test_the_same_person_may_come_back_with_franceconnect(traveller, link_of, citizen):
    link_of(citizen)
    sign_in(traveller.client, citizen)
    hidden = hidden_of(traveller.client.get(PAGE))
    with after(31):
        late = traveller.client.post(PAGE, TYPED | hidden)
    next_url = next_of(late)

    back = traveller.go(next=next_url)

    assert back["Location"] == next_url
    # FranceConnect certifies the identity, which is not among the fields any more.
    shown = shown_in(traveller.client, next_url)
    assert shown["street"] == TYPED["street"]
    assert shown.items() <= TYPED.items()


def test_whoever_signs_in_next_sees_nothing_of_it(browser, citizen, stranger):
    hidden = hidden_of(browser.get(PAGE))
    with after(31):
        late = browser.post(PAGE, TYPED | hidden)
        back = enter(browser, stranger, next_of(late))
        page = browser.get(back["Location"])

        assert "Écluses" not in page.content.decode()
        assert "Voici ce que" not in page.content.decode()
        assert page.status_code == 200


def test_a_form_of_one_person_is_not_taken_for_another_signed_in_meanwhile(
    browser, citizen, stranger
):
    hidden = hidden_of(browser.get(PAGE))
    browser.post("/deconnexion/", hidden)
    enter(browser, stranger)

    late = browser.post(PAGE, TYPED | hidden)

    assert late.status_code == 403
    assert not TypedForm.objects.exists()
    assert "Écluses" not in browser.get(PAGE).content.decode()


@pytest.mark.parametrize("token", ["", "x", "é", None, "gAAAAABm" + "A" * 100])
def test_a_form_that_does_not_say_whose_it_is_is_not_kept(client, citizen, token):
    values = TYPED if token is None else TYPED | {typed.OWNER_FIELD: token}

    assert client.post(PAGE, values)["Location"] == f"/connexion/?next={PAGE}"
    assert not TypedForm.objects.exists()


def test_a_page_older_than_a_session_is_not_kept(client, citizen):
    token = typed.owner_token(citizen)

    with after(5 * 60 + 1):
        client.post(PAGE, TYPED | {typed.OWNER_FIELD: token})

    assert not TypedForm.objects.exists()


def test_it_is_kept_an_hour_and_encrypted(browser, citizen):
    hidden = hidden_of(browser.get(PAGE))
    citizen.end_sessions()
    next_url = next_of(browser.post(PAGE, TYPED | hidden))

    assert "Écluses" not in TypedForm.objects.get().content
    with after(61):
        enter(browser, citizen)
        assert shown_in(browser, next_url)["street"] == "10 avenue Victor Hugo"
        typed.forget_expired()
    assert not TypedForm.objects.exists()


def test_too_much_is_not_kept(browser, citizen):
    hidden = hidden_of(browser.get(PAGE))
    citizen.end_sessions()

    late = browser.post(PAGE, TYPED | hidden | {"street": "x" * typed.MAX_BYTES})

    assert next_of(late) == PAGE
    assert not TypedForm.objects.exists()


def test_few_forms_of_one_person_are_kept(browser, citizen):
    hidden = hidden_of(browser.get(PAGE))
    citizen.end_sessions()

    for number in range(typed.MAX_FORMS + 3):
        late = browser.post(PAGE, TYPED | hidden | {"street": f"{number} rue Haute"})

    assert TypedForm.objects.count() == typed.MAX_FORMS
    enter(browser, citizen)
    assert shown_in(browser, next_of(late))["street"] == "7 rue Haute"


def test_a_page_that_ends_by_itself_puts_its_form_aside(browser, citizen):
    hidden = hidden_of(browser.get(PAGE))
    with after(30):
        late = browser.post("/mon-espace/session/fin/", TYPED | hidden | {typed.PAGE_FIELD: PAGE})
        back = enter(browser, citizen, next_of(late))

        assert shown_in(browser, back["Location"]) == TYPED
    assert PersonalSpace.objects.get().street == "10 avenue Victor Hugo"


def test_a_certified_identity_is_not_typed_over(browser, citizen):
    hidden = hidden_of(browser.get(PAGE))
    citizen.end_sessions()
    next_url = next_of(browser.post(PAGE, TYPED | hidden))
    PersonalSpace.objects.update(identity_provenance="counter")

    enter(browser, citizen)

    assert "birth_family_name" not in shown_in(browser, next_url)


class EveryKind(forms.Form):
    words = forms.CharField(widget=forms.Textarea)
    postcode = forms.CharField()
    day = forms.SplitDateTimeField()
    choices = forms.MultipleChoiceField(choices=[("a", "A"), ("b", "B")])
    box = forms.BooleanField(required=False)
    password = forms.CharField(widget=forms.PasswordInput)
    new_password = forms.CharField()
    code = forms.CharField()
    sms_code = forms.CharField()
    proof = forms.FileField()
    hidden = forms.CharField(widget=forms.HiddenInput)
    card = forms.CharField(widget=forms.TextInput({"autocomplete": "cc-number"}))
    once = forms.CharField(widget=forms.TextInput({"autocomplete": "one-time-code"}))


class OnlyBoxes(forms.Form):
    confirm = forms.BooleanField()


def test_no_password_code_file_or_card_is_kept():
    assert typed.kept_names(EveryKind) == ["words", "postcode", "day_0", "day_1", "choices", "box"]
    assert typed.kept_names(OnlyBoxes) == []


def test_a_secret_sent_with_the_form_is_not_kept(browser, citizen):
    hidden = hidden_of(browser.get(PAGE))
    citizen.end_sessions()
    browser.post(PAGE, TYPED | hidden | {"password": PASSWORD, "code": "123456"})

    kept = typed._opened(TypedForm.objects.get().content)

    assert set(kept) == set(TYPED)


def test_each_kind_of_field_is_shown_as_it_was_sent(rf, citizen):
    sent = {
        "words": "deux\nlignes",
        "day_0": "demain",
        "day_1": "10:00",
        "choices": ["a", "b"],
        "box": "on",
    }
    values = rf.post("/", sent).POST
    form = EveryKind()

    for name in ("words", "day", "choices", "box"):
        typed._show(form, name, values)
    page = str(form)

    assert "deux\nlignes" in page
    assert 'value="demain"' in page
    assert page.count(" selected") == 2
    assert " checked" in page


@recent_proof_required
def guarded(request):
    """A form of the personal space that asks for a fresh proof."""
    return Guarded.as_view()(request)


class Guarded(SpaceMixin, FormView):
    form_class = EveryKind
    template_name = "accounts/space_delete.html"
    success_url = "/mon-espace/"


guarded.view_class = Guarded
urlpatterns = [*portal_urls.urlpatterns, path("mon-espace/garde/", guarded, name="guarded")]


def test_a_form_that_waits_for_a_fresh_proof_loses_nothing(client, citizen, settings):
    settings.ROOT_URLCONF = __name__
    sign_in(client, citizen)
    hidden = hidden_of(client.get("/mon-espace/garde/"))
    with after(11):
        late = client.post("/mon-espace/garde/", {"words": "une longue lettre"} | hidden)

        assert late["Location"].startswith("/confirmation-identite/")
        prove_again(client)
        assert shown_in(client, next_of(late))["words"] == "une longue lettre"


def space_forms(patterns, prefix="/"):
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            view = getattr(pattern.callback, "view_class", None)
            if view and issubclass(view, SpaceMixin) and getattr(view, "form_class", None):
                yield route, view
        else:
            yield from space_forms(pattern.url_patterns, route)


def test_every_form_of_the_personal_space_is_covered():
    """Nothing to remember when a page is added: its view class is enough."""
    found = dict(space_forms(get_resolver().url_patterns))

    assert PAGE in found
    assert "street" in found[PAGE].typed_fields()
    assert "confirm" not in found["/mon-espace/supprimer/"].typed_fields()


def test_only_pages_that_keep_say_whose_they_are(browser):
    assert typed.OWNER_FIELD in hidden_of(browser.get(PAGE))
    assert typed.OWNER_FIELD not in browser.get("/mon-espace/identifiants/").content.decode()
    assert typed.OWNER_FIELD not in Client().get("/connexion/").content.decode()
