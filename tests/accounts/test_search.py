"""What an agent types, understood; whom it finds, by an index."""

from importlib import import_module

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection, transaction

from accounts import journal, services
from accounts.models import JournalEntry, JournalKind, PersonalSpace, User
from accounts.names import searched_words, sound_of
from accounts.search import MOST_PEOPLE, Criteria, find, understood
from tests.accounts.factories import make_citizen


def person(family="PERRER", *given, **fields):
    return make_citizen(
        fields.pop("email", None),
        birth_family_name=family,
        given_names=list(given) or ["Ines"],
        **fields,
    ).space


def found(typed):
    return find(understood(typed)).spaces


@pytest.mark.parametrize(
    "typed",
    [
        "Lefèvre-Dupont Jean-Noël",
        "lefevre dupont jean noel",
        "JEAN NOEL LEFEVRE",
        "noel dupont",
        "lef jea",
        "jeannoel lefevredupont",
        "d’ys",
        "D'YS marie",
        "DYS",
    ],
)
def test_a_name_is_found_without_accents_case_hyphens_or_order(db, stranger, typed):
    space = person("Lefèvre-Dupont", "Jean-Noël", "Marie", usual_name="d’Ys")

    assert found(typed) == [space]


@pytest.mark.parametrize("typed", ["le goff", "legoff"])
@pytest.mark.parametrize("family", ["LE GOFF", "LEGOFF", "Le-Goff"])
def test_a_name_in_one_word_or_two_is_the_same(db, typed, family):
    space = person(family)

    assert found(typed) == [space]


@pytest.mark.parametrize(
    ("typed", "family"),
    [
        ("dupond", "DUPONT"),
        ("lefebvre", "Lefèvre"),
        ("mathieu", "Matthieu"),
        ("filipe", "Philippe"),
        ("tibo", "Thibault"),
        ("kristel", "Christelle"),
    ],
)
def test_a_name_that_sounds_the_same_is_found(db, stranger, typed, family):
    space = person(family)

    assert found(typed) == [space]


def test_exact_names_come_before_near_ones(db):
    near = person("DUPOND", "Alice")
    longer = person("DUPONTEL", "Alice")
    exact = person("DUPONT", "Zoé")

    assert found("dupont") == [exact, near, longer]


def test_two_letters_are_a_whole_word_or_nothing(db):
    li = person("LI", "Wei")
    person("LIMA", "Weng")

    assert found("li wei") == [li]


@pytest.mark.parametrize(
    "typed",
    [
        "24/08/1962",
        "24 08 1962",
        "24-8-1962",
        "24.08.1962",
        "24081962",
        "1962-08-24",
        "24 août 1962",
        "24 AOUT 1962",
        "perrer 24/08/1962",
        "24/08/1962 ines perrer",
        "perrer, 24 août 1962",
        "per 24081962",
        "Mme PERRER Ines, née le 24/08/1962",
        "M. Perrer né(e) le 24 août 1962",
    ],
)
def test_a_birth_date_is_read_in_french_with_or_without_a_name(db, citizen, typed):
    space = person(birthdate_text="1962-08-24")
    person("AUTRE", "Paul", birthdate_text="1962-08-25")

    assert found(typed) == [space]


def test_the_first_of_a_month_and_unknown_days_are_dates(db):
    first = person(birthdate_text="1962-08-01")
    unknown = person(birthdate_text="1962-00-00")

    assert found("1er août 1962") == [first]
    assert found("00/00/1962") == [unknown]


def test_an_email_is_found_by_login_and_by_contact_whatever_its_case(db, stranger):
    login = person(email="a.b@rivemont.example", contact_email="")
    contact = person("AUTRE", contact_email="A.B@Rivemont.example")

    assert {space.pk for space in found("A.b@rivemont.EXAMPLE")} == {login.pk, contact.pk}
    assert found("perrer <a.b@rivemont.example>") == [login]


@pytest.mark.parametrize(
    "typed",
    ["06 12 34 56 78", "0612345678", "06.12.34.56.78", "+33 6 12 34 56 78", "0033612345678"],
)
def test_a_telephone_is_found_however_it_is_written(db, stranger, typed):
    space = person(phone="+33612345678")

    assert found(typed) == [space]
    assert found(f"perrer {typed}") == [space]


@pytest.mark.parametrize("typed", ["7K3M-92QX", "7k3m92qx", "7K3M 92QX", " 7k3m-92qx perrer"])
def test_a_reference_is_found_with_or_without_its_dash(db, stranger, typed):
    space = person(reference="7K3M-92QX")

    assert found(typed) == [space]


def test_the_reference_of_a_list_names_nobody(citizen, agent):
    """It is in the journal of everybody in the list: it is no way to list them again."""
    fields = {"actor": agent, "capacity": "dpo", "reference": "B3N4DRND"}
    journal.record_for_each(JournalKind.LIST_EXPORTED, [citizen], **fields)
    assert found("B3N4DRND") == []

    journal.record(JournalKind.SIGN_IN_REFUSED, citizen=citizen, reference="B3N4DRND")
    assert found("B3N4DRND") == [citizen.space]


def test_a_foreign_telephone_is_no_reference():
    assert understood("+49 30 2345 6789") == Criteria(phone="+493023456789")
    assert understood("2345 6789") == Criteria(reference="2345-6789")


@pytest.mark.parametrize(
    ("typed", "kinds"),
    [
        ("dupont 24/08/1962", "name+date"),
        ("a.b@rivemont.example", "email"),
        ("06 12 34 56 78", "phone"),
        ("d 24/08/1962 a@b.fr 06 12 34 56 78 7K3M-92QX", "name+date+email+phone+reference"),
    ],
)
def test_the_kinds_of_criterion_are_told_and_not_the_words(typed, kinds):
    criteria = understood(typed)

    assert criteria.kinds == kinds
    assert repr(criteria) == "Criteria()"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "vide"),
        ("  ' % _ ", "vide"),
        ("Madame", "vide"),
        ("li", "trop courte"),
        ("a", "trop courte"),
        ("dupont 1962", "nombre"),
        ("31/02/1962", "n’existe pas"),
        ("dupont@", "pas complète"),
        ("@", "pas complète"),
        ("06 12 34 56 78 90 12 34 56", "pas lisible"),
        ("a b c d e f g h i j", "trop de mots"),
    ],
)
def test_a_search_too_short_or_too_vague_is_refused_in_a_sentence(typed, words):
    with pytest.raises(ValidationError) as refusal:
        understood(typed)

    assert words in refusal.value.message


def test_fifty_people_at_most_are_found_and_the_rest_is_told(db):
    spaces = [
        PersonalSpace(user=User.objects.create(), birth_family_name="MARTIN", given_names=["Léa"])
        for _ in range(MOST_PEOPLE)
    ]
    PersonalSpace.objects.bulk_create(spaces)
    assert not find(understood("martin")).has_more

    person("MARTINEAU", "Léa")

    many = find(understood("martin"))
    assert len(many.spaces) == MOST_PEOPLE
    assert many.has_more
    assert {space.birth_family_name for space in many.spaces} == {"MARTIN"}


def is_found_by(typed, space):
    return space in found(typed)


def test_no_write_of_a_name_forgets_the_search(db):
    space = person("PERRER", "Ines")

    services.update_space(space, {"usual_name": "ROUSSET"})
    assert is_found_by("rousset", space)
    services.certify_identity(space, services.Identity("AUVRAY", ("Ines", "Maud")))
    assert is_found_by("auvray maud", space)
    assert not is_found_by("perrer", space)
    PersonalSpace.objects.filter(birth_family_name="AUVRAY").update(birth_family_name="BLIN")
    assert is_found_by("blin", space)
    space.refresh_from_db()
    space.given_names = ["Chloé"]
    PersonalSpace.objects.bulk_update([space], ["given_names"])
    assert is_found_by("blin chloe", space)


def test_spaces_of_before_are_found_after_the_migration(db):
    space = person("Lefèvre", "Ines")
    PersonalSpace.objects.update(search_words="")
    migration = import_module("accounts.migrations.0016_people_of_before_are_found")

    migration.fill(apps, None)

    assert is_found_by("lefevre ines", space)


def test_words_are_kept_folded_joined_and_by_their_sound():
    assert searched_words(["Le Goff", "Ève", ""]) == " le goff legoff eve ~gof ~legof ~ev "
    assert searched_words(["’"]) == ""
    assert sound_of("dupont") == sound_of("dupond") == "~dupon"


SEARCHES = [
    ("dupont", "accounts_space_by_words"),
    ("dup mar", "accounts_space_by_words"),
    ("24/08/1962", "accounts_space_by_birthdate"),
    ("dup 24/08/1962", "accounts_space_by_"),
    ("0612345678", "accounts_space_by_phone"),
    ("7K3M-92QX", "accounts_personalspace_reference_"),
    ("a.b@rivemont.example", "accounts_space_by_contact"),
    ("a.b@rivemont.example", "accounts_user_email_"),
]


@pytest.mark.postgresql
@pytest.mark.django_db
@pytest.mark.parametrize(("typed", "index"), SEARCHES)
def test_each_kind_of_search_can_be_served_by_its_index(typed, index):
    """Not what the planner prefers for a few rows: what it can do for many. A bitmap of an index
    is made of the rows that answer, when every other way is off."""
    person("DUPONT", "Marie", birthdate_text="1962-08-24", reference="7K3M-92QX")
    plans = []

    def explain(execute, sql, params, many, context):
        with connection.cursor() as cursor:
            cursor.cursor.execute(f"EXPLAIN {sql}", params)
            plans.append("\n".join(row[0] for row in cursor.cursor.fetchall()))
        return execute(sql, params, many, context)

    with transaction.atomic():
        with connection.cursor() as cursor:
            for way in ("seqscan", "indexscan", "indexonlyscan"):
                cursor.execute(f"SET LOCAL enable_{way} = off")
        with connection.execute_wrapper(explain):
            found(typed)

    assert plans
    assert all(index in plan for plan in plans), plans
    assert not any("Seq Scan on accounts_personalspace" in plan for plan in plans), plans


@pytest.mark.postgresql
@pytest.mark.django_db
def test_a_reference_read_out_is_found_by_its_index():
    with transaction.atomic(), connection.cursor() as cursor:
        for way in ("seqscan", "indexscan", "indexonlyscan"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        # Alone: of a few lines, another index of the same query reads as many.
        plan = JournalEntry.objects.filter(reference="7K3M92QX").explain()

    assert "accounts_journal_by_reference" in plan
