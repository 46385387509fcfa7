"""The postal address: French lines of 38 characters, and what other countries do."""

import pytest

from accounts.contact_forms import POSTCODES
from accounts.countries import COUNTRY_NAMES, country_as_listed
from accounts.models import PersonalSpace
from tests.accounts.factories import PASSWORD, make_citizen
from tests.accounts.test_attacks import try_password
from tests.accounts.test_space import CHANGES

FORM = "/mon-espace/profil/modifier/"
HOME = CHANGES | {"contact_email": "ines.perrer@rivemont.example"}
LONG = "1234 avenue du Général de Gaulle prolongée"


@pytest.fixture
def owner(client, db):
    try_password(client, make_citizen().email, PASSWORD)
    return client


def stored():
    return PersonalSpace.objects.get()


def errors(response):
    return list(response.context["form"].errors)


def test_errors_are_listed_in_the_order_of_the_page(owner):
    response = owner.post(FORM, HOME | {"phone": "12", "postcode": "1", "street": ""})

    form = response.context["form"]
    named = [field.name for field in form if field.errors]
    assert named == ["street", "postcode", "phone"]


def test_an_address_has_the_lines_of_the_french_post(owner):
    owner.post(
        FORM,
        HOME
        | {
            "street_extra": "Appartement 12",
            "building": "Résidence des Tilleuls, bâtiment B",
            "street": "3 bis rue du Lavoir",
            "locality": "BP 90432",
            "postcode": "44 004",
        },
    )

    assert stored().address_lines == [
        "Appartement 12",
        "Résidence des Tilleuls, bâtiment B",
        "3 bis rue du Lavoir",
        "BP 90432",
        "44004 Nantes",
    ]


@pytest.mark.parametrize("field", ["street", "street_extra", "building", "locality"])
def test_a_line_over_38_characters_is_said_at_its_field_and_kept(owner, field):
    assert len(LONG) > 38

    response = owner.post(FORM, HOME | {field: LONG})

    assert errors(response) == [field]
    assert f"celle-ci en a {len(LONG)}" in response.content.decode()
    assert f'value="{LONG}"' in response.content.decode()
    assert stored().street == "10 avenue Victor Hugo"


def test_postcode_and_city_share_a_line(owner):
    exact = "N" * 32

    assert errors(owner.post(FORM, HOME | {"city": exact + "N"})) == ["city"]
    owner.post(FORM, HOME | {"city": exact})

    assert stored().city == exact


def test_a_long_line_of_before_stops_no_other_change(owner):
    PersonalSpace.objects.update(street=LONG)

    owner.post(FORM, HOME | {"street": LONG, "city": "Rezé"})

    assert (stored().street, stored().city) == (LONG, "Rezé")


@pytest.mark.parametrize(
    ("country", "postcode", "is_right"),
    [
        ("France", "44000", True),
        ("France", "97400", True),
        ("France", "4400", False),
        ("France", "F-44000", False),
        ("France", "", False),
        ("Monaco", "98000", True),
        ("Monaco", "06000", False),
        ("Belgique", "1000", True),
        ("Royaume-Uni", "SW1A 1AA", True),
        ("Irlande", "", True),
    ],
)
def test_a_postcode_follows_the_rule_of_its_country(owner, country, postcode, is_right):
    response = owner.post(FORM, HOME | {"country": country, "postcode": postcode})

    if is_right:
        assert response.status_code == 302
        assert (stored().country, stored().postcode) == (country, postcode)
    else:
        assert errors(response) == ["postcode"]


def test_an_address_abroad_is_written_freely_with_its_country(owner):
    owner.post(
        FORM,
        HOME | {"street": LONG, "postcode": "1000", "city": "Bruxelles", "country": "Belgique"},
    )

    assert stored().address_lines == [LONG, "1000 Bruxelles", "Belgique"]


def test_coming_back_to_france_checks_every_line_again(owner):
    PersonalSpace.objects.update(street=LONG, country="Belgique")

    assert errors(owner.post(FORM, HOME | {"street": LONG})) == ["street"]


def test_the_list_of_countries_has_france_first_and_each_once():
    assert COUNTRY_NAMES[0] == "France"
    assert len(COUNTRY_NAMES) == len(set(COUNTRY_NAMES)) > 190
    assert set(POSTCODES) < set(COUNTRY_NAMES)
    assert list(COUNTRY_NAMES[1:4]) == ["Afghanistan", "Afrique du Sud", "Albanie"]
    assert COUNTRY_NAMES.index("Égypte") < COUNTRY_NAMES.index("Finlande")


def test_a_country_is_found_whatever_its_case_and_accents():
    assert country_as_listed("ALGERIE") == "Algérie"
    assert country_as_listed("Deutschland") == "Deutschland"


def test_a_country_out_of_the_list_is_refused_unless_it_was_there_before(owner):
    assert errors(owner.post(FORM, HOME | {"country": "Atlantide"})) == ["country"]
    PersonalSpace.objects.update(country="Deutschland")

    page = owner.get(FORM).content.decode()
    owner.post(FORM, HOME | {"country": "Deutschland", "postcode": "10115", "city": "Berlin"})

    assert '<option value="Deutschland" selected>' in page
    assert (stored().country, stored().city) == ("Deutschland", "Berlin")


def test_an_address_of_before_is_saved_without_a_change(owner, client):
    before = PersonalSpace.objects.values(
        "street", "city", "country", "address_provenance_at"
    ).get()

    kept = {name: before[name] for name in ("street", "city", "country")}
    owner.post(FORM, HOME | kept | {"postcode": "44000"})

    assert before == PersonalSpace.objects.values(*before).get()
