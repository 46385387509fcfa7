import datetime
import json

import pytest

from accounts.models import Gender, PersonalSpace
from franceconnect.exceptions import IdentityRefused
from franceconnect.identity import PivotIdentity

CLAIMS = {
    "given_name": "Angela Claire Louise",
    "given_name_array": ["Angela", "Claire", "Louise"],
    "family_name": "DUBOIS",
    "gender": "female",
    "birthdate": "1962-08-24",
    "birthplace": "75107",
    "birthcountry": "99100",
    "email": "angela@rivemont.example",
}


def identity(**claims):
    values = {name: value for name, value in (CLAIMS | claims).items() if value is not ...}
    return PivotIdentity.from_claims(values)


def test_the_claims_of_franceconnect_become_an_identity():
    person = identity()

    assert person.family_name == "DUBOIS"
    assert person.given_names == ("Angela", "Claire", "Louise")
    assert person.birthdate == datetime.date(1962, 8, 24)
    assert (person.birthplace, person.birthcountry) == ("75107", "99100")
    assert person.usual_name == ""
    assert person.email == "angela@rivemont.example"


def test_repr_shows_no_personal_datum():
    text = repr(identity())

    assert not any(str(value) in text for value in CLAIMS.values())


def test_a_given_name_with_a_space_is_not_split():
    assert identity(given_name_array=["Jean Philippe", "Pierre"]).given_names == (
        "Jean Philippe",
        "Pierre",
    )
    assert identity(given_name_array=..., given_name="Jean Philippe Pierre").given_names == (
        "Jean Philippe Pierre",
    )


@pytest.mark.parametrize(
    "name",
    ["DURANTéàèùòœæŒÆ", "CHAP'ELLE", "TROIS-DUPRE", "DE CENTUNE", "SÉGUIN", "Brosse", "X" * 255],
)
def test_a_family_name_is_kept_exactly(name):
    assert identity(family_name=name).family_name == name


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("1992-00-00", datetime.date(1992, 1, 1)),
        ("1992-11-00", datetime.date(1992, 11, 1)),
        ("2000-02-29", datetime.date(2000, 2, 29)),
    ],
)
def test_an_unknown_day_or_month_is_kept_as_text_and_normalised_as_date(text, date):
    person = identity(birthdate=text)

    assert person.birthdate_text == text
    assert person.birthdate == date


@pytest.mark.parametrize(
    "birthdate",
    [
        "1977-00-03",
        "1990-05",
        "1990",
        "",
        None,
        19620824,
        "2023-02-31",
        "24/08/1962",
        "٢٠٠٠-٠١-٠١",
        "0000-01-01",
        "2999-01-01",
        "1962-08-24T00:00",
        ["1962-08-24"],
        ...,
    ],
)
def test_a_birthdate_of_another_shape_is_refused(birthdate):
    with pytest.raises(IdentityRefused) as caught:
        identity(birthdate=birthdate)

    assert caught.value.code == "birthdate_refused"


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("family_name", ...),
        ("family_name", None),
        ("family_name", ""),
        ("family_name", "  "),
        ("family_name", ["DUBOIS"]),
        ("family_name", "X" * 256),
        ("family_name", "DU\x00BOIS"),
        ("family_name", "DU\u202eBOIS"),
        ("family_name", "DU\nBOIS"),
        ("preferred_username", {"a": 1}),
        ("birthplace", 75107),
        ("birthcountry", "9" * 10_000),
        ("birthcountry", "991000"),
        ("family_name", "DU\u2028BOIS"),
        ("family_name", "DU\ufeffBOIS"),
        ("family_name", "DU\ud800BOIS"),
        ("gender", ["female"]),
        ("family_name", "DU\x1bBOIS"),
        ("family_name", "DU\x85BOIS"),
        ("family_name", "DU\u2066BOIS"),
        ("family_name", "DU\u200bBOIS"),
        ("family_name", True),
        ("family_name", json.loads("[" * 200 + "]" * 200)),
        ("preferred_username", "X" * 10_000),
        ("preferred_username", "\u202eSIOBUD"),
        ("birthplace", "PARIS\x00"),
        ("birthplace", ["75107"]),
        ("birthcountry", ["99100"]),
        ("birthcountry", "99\u202e1"),
        ("gender", "female\x00"),
        ("gender", 5),
        ("birthdate", "1962-08-24\n"),
        ("birthdate", "1962-08-24" * 1000),
        ("given_name_array", []),
        ("given_name_array", {}),
        ("given_name_array", {"0": "Angela"}),
        ("given_name_array", [["Angela"]]),
        ("given_name_array", [None]),
        ("given_name_array", ["Ange\u202ela"]),
        ("given_name_array", ["A" * 256]),
        ("given_name_array", "Angela"),
        ("given_name_array", ["Angela", 5]),
        ("given_name_array", ["A"] * 31),
        ("given_name_array", ["Angela", ""]),
    ],
)
def test_a_claim_of_the_wrong_type_or_deceptive_is_refused(claim, value):
    with pytest.raises(IdentityRefused):
        identity(**{claim: value})


@pytest.mark.parametrize("value", [..., None])
def test_without_the_list_the_given_name_itself_is_checked(value):
    for wrong in ("", "  ", ["Angela"], "A\x00", "A" * 10_000):
        with pytest.raises(IdentityRefused) as caught:
            identity(given_name_array=value, given_name=wrong)
        assert caught.value.code == "given_name_refused"


@pytest.mark.parametrize(
    "name",
    [
        "中村",
        "Ἀλέξανδρος",
        "مریم\u200cخانم",  # the joiners belong to some scripts
        "क्\u200dष",
        "e\u0301",
        "🐎",
        "{{ 7 * 7 }}",
        "' OR 1=1 --",
    ],
)
def test_a_name_of_any_script_is_kept_exactly(name):
    person = identity(family_name=name, given_name_array=[name], preferred_username=name)

    assert (person.family_name, person.given_names, person.usual_name) == (name, (name,), name)


def test_an_unknown_gender_is_none_of_the_two():
    assert identity(gender="other").gender == Gender.UNSPECIFIED


def test_a_birthplace_in_full_letters_is_kept():
    """FranceConnect+ may hold free text."""
    assert identity(birthplace="Saint-Étienne-du-Rouvray").birthplace == "Saint-Étienne-du-Rouvray"


def test_other_claims_change_nothing():
    odd = {"rep_scope": ["x"], "amr": 5, "idp_birthdate": None, "deep": [[[]]], "": {}}

    assert identity(**odd) == identity()


def test_given_name_is_needed_when_the_array_is_absent():
    with pytest.raises(IdentityRefused):
        identity(given_name_array=..., given_name=...)


@pytest.mark.parametrize("value", ["", None, ...])
def test_optional_claims_may_be_empty_or_absent(value):
    person = identity(birthplace=value, preferred_username=value, gender=value)

    assert (person.birthplace, person.usual_name) == ("", "")
    assert person.gender == Gender.UNSPECIFIED


@pytest.mark.parametrize(
    "value",
    [
        ...,
        None,
        "",
        "not an address",
        5,
        ["a@b.fr"],
        "a@b.fr\n",
        "@",
        ["@"],
        {"@": 1},
        "a@b.fr\x00",
        "a\u202e@b.fr",
        "a" * 300 + "@b.fr",
        "a@b.fr" * 2000,
        "a@b.fr, c@d.fr",
        True,
        "a@\ud800.fr",
    ],
)
def test_a_missing_or_malformed_email_does_not_stop_anybody(value):
    assert identity(email=value).email == ""


def test_scripts_and_emoji_in_a_name_are_text():
    assert identity(family_name="<script>alert(1)</script> 🐎").family_name.startswith("<script>")


def test_an_identity_survives_the_session():
    person = identity(birthdate="1992-00-00")

    assert PivotIdentity.from_session(person.to_session()) == person


def space(**fields):
    values = {
        "birth_family_name": "DUBOIS",
        "given_names": ["Angela"],
        "birthdate": datetime.date(1962, 8, 24),
    }
    return PersonalSpace(**values | fields)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"birth_family_name": "dubois"},
        {"birth_family_name": "Dubôis"},
        {"birthdate": None},
        {"given_names": ["ANGELA", "Claire"]},
    ],
)
def test_accents_case_and_missing_data_are_no_strong_mismatch(fields):
    assert not identity().differs_strongly(space(**fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"birth_family_name": "MARTIN"},
        {"given_names": ["Claire"]},
        {"given_names": []},
        {"birthdate": datetime.date(1962, 8, 25)},
    ],
)
def test_another_name_or_birthdate_is_a_strong_mismatch(fields):
    assert identity().differs_strongly(space(**fields))


def test_ligatures_and_apostrophes_are_compared_as_people_type_them():
    person = identity(family_name="CŒUR D’ALÈNE")

    assert not person.differs_strongly(space(birth_family_name="Coeur d'Alene"))


# --- The same civil status (rows 7 and 8) ---

SAME = {
    "birth_family_name": "Dubois",
    "given_names": ["Angéla", "CLAIRE", "Louise"],
    "gender": "female",
    "birthdate_text": "1962-08-24",
    "birthplace": "75107",
    "birthcountry": "99100",
}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"birth_family_name": "DU BOIS"},
        {"given_names": ["Angela Claire Louise"]},
        {"given_names": ["Angela-Claire", "Louise"]},
    ],
)
def test_an_equal_civil_status_is_found_however_it_was_typed(fields):
    assert identity().equals(PersonalSpace(**SAME | fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"birth_family_name": "DUBOS"},
        {"given_names": ["Angela", "Claire"]},
        {"given_names": ["Claire", "Angela", "Louise"]},
        {"given_names": []},
        {"gender": "male"},
        {"gender": "unspecified"},
        {"birthdate_text": "1962-08-25"},
        {"birthdate_text": ""},
        {"birthplace": "75108"},
        {"birthplace": ""},
        {"birthcountry": "99134"},
        {"birthcountry": ""},
    ],
)
def test_one_datum_that_differs_is_another_civil_status(fields):
    assert not identity().equals(PersonalSpace(**SAME | fields))


@pytest.mark.parametrize(("country", "is_equal"), [("99134", True), ("99352", False)])
def test_born_abroad_the_place_does_not_count_and_the_country_does(country, is_equal):
    person = identity(birthplace="", birthcountry="99134")
    space = PersonalSpace(**SAME | {"birthplace": "Madrid", "birthcountry": country})

    assert person.equals(space) is is_equal
