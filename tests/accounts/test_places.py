"""INSEE codes as names: the import, what is looked up, what is unknown."""

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import insee, places
from accounts.models import Commune, Country
from accounts.templatetags.accounts import country_label, place_label
from tests.accounts.factories import make_citizen
from tests.accounts.test_attacks import try_password
from tests.accounts.test_sign_up import PASSWORD

COMMUNES = """TYPECOM,COM,REG,DEP,TNCC,NCC,NCCENR,LIBELLE,COMPARENT
COMD,49092,,,0,CHEMILLE,Chemillé,Chemillé,49092
COM,49092,52,49,0,CHEMILLE EN ANJOU,Chemillé-en-Anjou,Chemillé-en-Anjou,
COM,94038,11,94,5,HAY LES ROSES,Haÿ-les-Roses,L'Haÿ-les-Roses,
ARM,75107,11,75,0,PARIS 7E,Paris 7e,Paris 7e Arrondissement,75056
"""
SINCE_1943 = """COM,TNCC,NCC,NCCENR,LIBELLE,DATE_DEBUT,DATE_FIN
51108,0,CHALONS EN CHAMPAGNE,Châlons-en-Champagne,Châlons-en-Champagne,1997-08-26,
51108,0,CHALONS SUR MARNE,Châlons-sur-Marne,Châlons-sur-Marne,1943-01-01,1997-08-26
"""
OVERSEAS = "COM_COMER;TNCC;NCC;NCCENR;LIBELLE\n98818;0;NOUMEA;Nouméa;Nouméa\n"
COUNTRIES = """COG,ACTUAL,CRPAY,ANI,LIBCOG,LIBENR
99352,1,,1962,ALGERIE,République algérienne démocratique et populaire
99115,3,99116,,TCHECOSLOVAQUIE,Tchécoslovaquie
XXXXX,2,,,SANS CODE,Sans code
"""


@pytest.fixture
def file_of(tmp_path):
    def write(text, *, name="insee.csv", encoding="utf-8"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return str(path)

    return write


def run(capsys, *files):
    call_command("import_insee", *files)
    return capsys.readouterr().out


def test_the_packaged_names_fill_both_tables_once(db, capsys):
    first = run(capsys)
    second = run(capsys)

    assert Commune.objects.count() > 36_000
    assert f"communes : {Commune.objects.count()} lus, {Commune.objects.count()} ajoutés" in first
    assert "5000 sur" in first
    assert "0 ajoutés, 0 changés" in second
    names = dict(Commune.objects.values_list("code", "name"))
    assert names["44109"] == "Nantes"
    assert names["30189"] == "Nîmes"
    assert names["42218"] == "Saint-Étienne"
    assert names["94038"] == "L’Hay-les-Roses"
    assert names["2A004"] == "Ajaccio"
    assert names["75107"] == "Paris 7e arrondissement"
    assert names["13201"] == "Marseille 1er arrondissement"
    assert names["13055"] == "Marseille"
    assert names["97411"] == "Saint-Denis"
    assert names["98818"] == "Nouméa"
    assert names["14756"] == "La Villette", "a commune that has merged since"
    assert Country.objects.get(code="99100").name == "France"
    assert Country.objects.get(code="99352").name == "Algérie"
    assert Country.objects.get(code="99115").name == "Tchécoslovaquie"


def test_files_of_insee_are_known_by_their_header(db, capsys, file_of):
    said = run(
        capsys,
        file_of(COMMUNES, name="1.csv", encoding="utf-8-sig"),
        file_of(SINCE_1943, name="2.csv"),
        file_of(OVERSEAS, name="3.csv"),
        file_of(COUNTRIES, name="4.csv"),
    )

    assert "communes : 5 lus, 5 ajoutés, 0 changés" in said
    assert "pays : 2 lus, 2 ajoutés, 0 changés" in said
    assert dict(Commune.objects.values_list("code", "name")) == {
        "49092": "Chemillé-en-Anjou",
        "94038": "L’Haÿ-les-Roses",
        "75107": "Paris 7e Arrondissement",
        "51108": "Châlons-en-Champagne",
        "98818": "Nouméa",
    }
    assert dict(Country.objects.values_list("code", "name")) == {
        "99352": "Algérie",
        "99115": "Tchécoslovaquie",
    }


def test_an_import_changes_names_and_removes_none(db, capsys, file_of):
    Commune.objects.create(code="14756", name="La Villette")
    Commune.objects.create(code="94038", name="L’Hay-les-Roses")

    said = run(capsys, file_of(COMMUNES))

    assert "2 ajoutés, 1 changés" in said
    assert Commune.objects.filter(code="14756").exists()


@pytest.mark.parametrize(
    ("text", "encoding", "reason"),
    [
        ("nom,prenom\nA,B\n", "utf-8", "Ses colonnes"),
        ("", "utf-8", "Ses colonnes"),
        (COMMUNES, "utf-16", "CSV en UTF-8"),
        (COMMUNES, "latin-1", "CSV en UTF-8"),
    ],
)
def test_a_file_that_is_not_insee_s_is_refused_with_a_reason(db, file_of, text, encoding, reason):
    with pytest.raises(CommandError, match=reason):
        call_command("import_insee", file_of(text.replace("ÿ", "ÿé"), encoding=encoding))
    assert not Commune.objects.exists()


def test_a_missing_file_is_said(db, tmp_path):
    with pytest.raises(CommandError, match="ne s’ouvre pas"):
        call_command("import_insee", str(tmp_path / "absent.csv"))


def test_an_import_that_stops_half_way_writes_nothing(db, monkeypatch):
    monkeypatch.setattr(insee, "BATCH", 1)

    def stop(done, total):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        insee.store({Commune: {"44109": "Nantes", "29019": "Brest", "30189": "Nîmes"}}, stop)

    assert not Commune.objects.exists()


@pytest.mark.parametrize(
    ("code", "label"),
    [
        ("44109", "Nantes (44)"),
        ("97411", "Saint-Denis (974)"),
        ("2A004", "Ajaccio (2A)"),
        ("44999", "code INSEE 44999"),
        ("Bruxelles", "Bruxelles"),
        ("Paris", "Paris"),
        ("", ""),
    ],
)
def test_a_birthplace_is_a_name_a_code_or_the_text_received(db, code, label):
    for known, name in (("44109", "Nantes"), ("97411", "Saint-Denis"), ("2A004", "Ajaccio")):
        Commune.objects.create(code=known, name=name)

    assert place_label(code) == label


@pytest.mark.parametrize(
    ("code", "label"),
    [
        ("99100", "France"),
        ("99352", "Algérie"),
        ("99115", "Tchécoslovaquie"),
        ("99999", "code INSEE 99999"),
        ("?", "code INSEE ?"),
        ("", ""),
    ],
)
def test_a_country_has_a_name_even_before_any_import(db, code, label):
    Country.objects.create(code="99115", name="Tchécoslovaquie")

    assert country_label(code) == label


def test_names_are_looked_up_once_for_everybody(client, db):
    Commune.objects.create(code="44109", name="Nantes")
    citizen = make_citizen(birthplace="44109", birthcountry="99100")
    try_password(client, citizen.email, PASSWORD)
    with CaptureQueriesContext(connection) as first:
        page = client.get("/mon-espace/profil/").content.decode()

    with CaptureQueriesContext(connection) as second:
        client.get("/mon-espace/profil/")

    assert "Nantes (44)" in page
    assert [look_ups_of(queries) for queries in (first, second)] == [2, 0]


def look_ups_of(queries):
    tables = (Commune._meta.db_table, Country._meta.db_table)
    return sum(any(table in query["sql"] for table in tables) for query in queries)


def test_an_import_ends_what_was_known(db, file_of, django_capture_on_commit_callbacks):
    assert place_label("94038") == "code INSEE 94038"

    with django_capture_on_commit_callbacks(execute=True):
        call_command("import_insee", file_of(COMMUNES), verbosity=0)

    assert place_label("94038") == "L’Haÿ-les-Roses (94)"


def test_an_unknown_code_is_not_looked_up_again(db):
    place_label("44999")

    with CaptureQueriesContext(connection) as queries:
        assert place_label("44999") == "code INSEE 44999"

    assert not list(queries)
    assert cache.get(places.VERSION_KEY, 1) == 1
