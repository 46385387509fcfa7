"""Telephone numbers: typed as people write them, kept as E.164, shown as people read them."""

from importlib import import_module

import pytest
from django.apps import apps

from accounts.models import PersonalSpace
from accounts.phones import normalised, written
from tests.accounts.factories import make_citizen
from tests.accounts.test_attacks import try_password
from tests.accounts.test_sign_up import PASSWORD, sign_up
from tests.accounts.test_space import CHANGES

FORM = "/mon-espace/profil/modifier/"
migration = import_module("accounts.migrations.0010_contact_as_it_is_kept_now")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("06 12 34 56 78", "+33612345678"),
        ("06.12.34.56.78", "+33612345678"),
        ("0612345678", "+33612345678"),
        ("06\u00a012\u00a034\u00a056\u00a078", "+33612345678"),
        ("0033612345678", "+33612345678"),
        ("+33 6 12 34 56 78", "+33612345678"),
        ("+33 (0)6 12 34 56 78", "+33612345678"),
        ("02-99-00-12-34", "+33299001234"),
        ("+32 470 12 34 56", "+32470123456"),
        ("+262 692 12 34 56", "+262692123456"),
        ("0692 12 34 56", "+262692123456"),
        ("0690 12 34 56", "+590690123456"),
        ("+687 23 45 67", "+687234567"),
        ("+1 (202) 555-0123", "+12025550123"),
        ("  ", ""),
    ],
)
def test_a_number_is_kept_in_its_international_form(typed, kept):
    assert normalised(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "appelez-moi",
        "3631",
        "06 12 34 56",
        "06 12 34 56 789",
        "+999 12 34 56 78",
        "0800 FLOWERS",
        "06 12 34 56 78 ext. 4",
        "tel:0612345678",
        "06 12 34 56 78\x00",
        "٠٦١٢٣٤٥٦٧٨",
        "+" + "1" * 39,
    ],
)
def test_what_is_no_number_is_refused(typed):
    with pytest.raises(ValueError, match=".*"):
        normalised(typed)


@pytest.mark.parametrize(
    ("kept", "read"),
    [
        ("+33612345678", "06 12 34 56 78"),
        ("+32470123456", "+32 470 12 34 56"),
        ("+262692123456", "+262 692 12 34 56"),
        ("le 12 ou le 14", "le 12 ou le 14"),
        ("+99912345678", "+99912345678"),
        ("", ""),
    ],
)
def test_a_number_is_shown_as_people_read_it(kept, read):
    assert written(kept) == read


@pytest.fixture
def owner(client, db):
    citizen = make_citizen(phone="+33299001234")
    try_password(client, citizen.email, PASSWORD)
    return client


def stored():
    return PersonalSpace.objects.get()


def test_the_form_and_the_profile_show_it_grouped_and_keep_it_international(owner):
    page = owner.get(FORM).content.decode()
    owner.post(FORM, CHANGES | {"phone": "0470.12.34.56", "contact_email": stored().contact_email})

    assert 'value="02 99 00 12 34"' in page
    assert stored().phone == "+33470123456"
    assert "04 70 12 34 56" in owner.get("/mon-espace/profil/").content.decode()


def test_a_bad_number_is_said_at_its_field_and_kept_as_typed(owner):
    response = owner.post(FORM, CHANGES | {"phone": "+33 6 12"})

    assert list(response.context["form"].errors) == ["phone"]
    assert 'value="+33 6 12"' in response.content.decode()
    assert stored().phone == "+33299001234"


def test_a_number_of_before_that_nobody_can_read_stops_nothing(owner):
    PersonalSpace.objects.update(phone="poste 12")

    owner.post(FORM, CHANGES | {"phone": "poste 12", "contact_email": stored().contact_email})

    assert stored().phone == "poste 12"
    assert stored().street == "1 place de la Mairie"


def test_a_space_is_opened_with_a_number_in_its_international_form(client, db):
    sign_up(client, phone="06 12 34 56 78")

    assert stored().phone == "+33612345678"


def test_what_was_typed_before_is_rewritten_once_when_it_can_be_read(db):
    make_citizen(
        phone="06 12 34 56 78", country="FRANCE", contact_email="INES.perrer@rivemont.example"
    )
    make_citizen(
        "b@rivemont.example", phone="poste 12", country="Deutschland", contact_email="c@x.fr"
    )

    migration.rewrite(apps, None)
    migration.rewrite(apps, None)

    first, second = PersonalSpace.objects.order_by("pk")
    assert (first.phone, first.country) == ("+33612345678", "France")
    assert first.contact_email_verified_at == first.contact_provenance_at
    assert (second.phone, second.country) == ("poste 12", "Deutschland")
    assert second.contact_email_verified_at is None
