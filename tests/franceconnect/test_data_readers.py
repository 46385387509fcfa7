"""What an answer of each administration means, and what makes it unreadable: no HTTP here."""

import datetime
import json
import time

import pytest
import time_machine
from django.core.cache import cache

from franceconnect import outage
from franceconnect.data import circuit, dgfip, exchanges, readers
from franceconnect.data.answers import Datum, NotReceived, Outcome, Reading, Value
from franceconnect.data.exchanges import refusal
from franceconnect.exceptions import Saturated
from franceconnect.exchange import Answer

QUOTIENT = {"fournisseur": "CNAF", "valeur": 735, "annee": 2026, "mois": 10}
CHILD = {"nom_naissance": "TREVENEC", "prenoms": "Lise", "date_naissance": "2016-03-14"}
ADMISSION = {"date_debut": "2026-09-01", "date_fin": "2027-08-31", "est_inscrit": True}
UNREADABLE, DOUBTFUL, NOT_GRANTED = Outcome.UNAVAILABLE, Outcome.DOUBTFUL, Outcome.NOT_GRANTED


def quotient(**changes):
    return {"quotient_familial": QUOTIENT | changes}


def child(**changes):
    return {"enfants": [CHILD | changes]}


def student(**changes):
    return {"admissions": [ADMISSION | changes]}


def seeker(**changes):
    return {"situationInscription": {"dateInscription": "2026-03-16"} | changes}


def outcome_of(read, data) -> Outcome:
    with pytest.raises(NotReceived) as caught:
        read(data)
    return caught.value.outcome


def values_of(reading: Reading) -> dict:
    return {value.name: value.value for value in reading.values}


def test_a_quotient_keeps_its_month_and_its_fund():
    reading = readers.quotient_familial(quotient(fournisseur="MSA", mois=3))

    assert reading == Reading(
        (Value("quotient_familial", "Quotient familial", 735, "735\u00a0€"),), "2026-03", "MSA"
    )


@pytest.mark.parametrize(
    ("data", "outcome"),
    [
        ({}, NOT_GRANTED),
        ({"quotient_familial": None}, DOUBTFUL),
        ({"quotient_familial": []}, UNREADABLE),
        (quotient(valeur=None), DOUBTFUL),
        (quotient(valeur=0), DOUBTFUL),
        ({"quotient_familial": {key: QUOTIENT[key] for key in ("fournisseur", "mois")}}, DOUBTFUL),
        (quotient(valeur=-1), UNREADABLE),
        (quotient(valeur=735.5), UNREADABLE),
        (quotient(valeur="735"), UNREADABLE),
        (quotient(valeur=True), UNREADABLE),
        (quotient(valeur=False), UNREADABLE),
        (quotient(valeur=10**8), UNREADABLE),
        (quotient(fournisseur="CAF"), UNREADABLE),
        (quotient(fournisseur=None), UNREADABLE),
        (quotient(fournisseur=["CNAF"]), UNREADABLE),
        (quotient(mois=0), UNREADABLE),
        (quotient(mois=13), UNREADABLE),
        (quotient(mois=None), UNREADABLE),
        (quotient(mois="10"), UNREADABLE),
        (quotient(annee=1999), UNREADABLE),
        (quotient(annee=2101), UNREADABLE),
    ],
)
def test_a_quotient_that_is_not_one_is_never_a_number(data, outcome):
    assert outcome_of(readers.quotient_familial, data) is outcome


@pytest.mark.parametrize(
    "data",
    [
        {"enfants": "Lise"},
        {"enfants": ["Lise"]},
        {"enfants": [CHILD] * 31},
        child(prenoms=""),
        child(prenoms="  "),
        child(prenoms="L" * 201),
        child(prenoms="Lise\u202e"),
        child(prenoms="Li\x00se"),
        child(nom_naissance=None),
        child(date_naissance="14/03/2016"),
        child(date_naissance="2016-02-30"),
    ],
)
def test_children_that_cannot_be_read_are_none(data):
    assert outcome_of(readers.enfants, data) is UNREADABLE


def test_a_child_is_known_by_names_and_date_of_birth_and_nothing_else():
    reading = readers.enfants(child(sexe="F", nom_usage="AUTRE"))

    assert values_of(reading) == {"enfant": CHILD}


@pytest.mark.parametrize(
    ("data", "outcome"),
    [
        ({}, NOT_GRANTED),
        ({"est_beneficiaire": None}, UNREADABLE),
        ({"est_beneficiaire": "oui"}, UNREADABLE),
        ({"est_beneficiaire": True, "avec_majoration": 1}, UNREADABLE),
        ({"est_beneficiaire": True, "date_debut_droit": 2026}, UNREADABLE),
    ],
)
def test_an_allowance_is_a_plain_yes_or_no(data, outcome):
    assert outcome_of(readers.benefit(avec_majoration="Avec majoration"), data) is outcome


@time_machine.travel("2026-11-25 12:00", tick=False)
@pytest.mark.parametrize(
    ("data", "is_enrolled"),
    [
        (student(), True),
        (student(est_inscrit=False), False),
        (student(date_fin="2026-11-25"), True),
        (student(date_fin="2026-11-24"), False),
        (student(date_debut="2026-11-26"), False),
        ({"admissions": []}, False),
    ],
)
def test_a_student_is_one_today(data, is_enrolled):
    assert values_of(readers.statut_etudiant(data))["est_inscrit"] is is_enrolled


@time_machine.travel("2026-11-25 12:00", tick=False)
def test_of_several_admissions_the_one_that_lasts_longest_is_told():
    longest = ADMISSION | {"date_fin": "2028-08-31", "etablissement_etudes": {"nom": "Fac"}}

    values = values_of(readers.statut_etudiant({"admissions": [longest, ADMISSION]}))

    assert (values["date_fin"], values["etablissement"]) == ("2028-08-31", "Fac")


@time_machine.travel("2026-11-25 12:00", tick=False)
@pytest.mark.parametrize(
    ("read", "data", "outcome"),
    [
        (readers.statut_etudiant, {}, NOT_GRANTED),
        (readers.statut_etudiant, {"admissions": [{}]}, NOT_GRANTED),
        (readers.statut_etudiant, {"admissions": {}}, UNREADABLE),
        (readers.statut_etudiant, student(date_fin=None), UNREADABLE),
        (readers.statut_etudiant, student(etablissement_etudes={"nom": 3}), UNREADABLE),
        (readers.etudiant_boursier, {}, NOT_GRANTED),
        (readers.etudiant_boursier, {"est_boursier": 1}, UNREADABLE),
        (
            readers.etudiant_boursier,
            {"est_boursier": True, "echelon_bourse": {"echelon": "8"}},
            UNREADABLE,
        ),
        (readers.demandeur_emploi, {}, NOT_GRANTED),
        (readers.demandeur_emploi, {"situationInscription": None}, DOUBTFUL),
        (readers.demandeur_emploi, {"situationInscription": {}}, DOUBTFUL),
        (readers.demandeur_emploi, seeker(dateInscription="hier"), UNREADABLE),
        (readers.demandeur_emploi, seeker(libellecategorieInscription=1), UNREADABLE),
        (readers.revenu_fiscal_reference, {"annee": 2025}, NOT_GRANTED),
        (readers.revenu_fiscal_reference, {"rfr": None, "annee": 2025}, DOUBTFUL),
        (readers.revenu_fiscal_reference, {"rfr": 0, "annee": 2025}, DOUBTFUL),
        (readers.revenu_fiscal_reference, {"rfr": "1", "annee": 2025}, UNREADABLE),
    ],
)
def test_anything_else_of_the_others_is_no_datum(read, data, outcome):
    assert outcome_of(read, data) is outcome


@time_machine.travel("2026-11-25 12:00", tick=False)
@pytest.mark.parametrize(
    ("ended", "is_registered"),
    [(None, True), ("2026-11-26", True), ("2026-11-25T00:00:00+01:00", False)],
)
def test_a_job_seeker_is_one_today(ended, is_registered):
    data = seeker(dateCessationInscription=ended, libellecategorieInscription="Catégorie 1")

    values = values_of(readers.demandeur_emploi(data))

    assert values["est_inscrit"] is is_registered
    assert ("categorie" in values) is is_registered


def test_a_grant_without_a_level_is_still_one():
    assert values_of(readers.etudiant_boursier({"est_boursier": True, "echelon_bourse": None})) == {
        "est_boursier": True
    }


def test_a_datum_goes_through_the_session_unchanged():
    at = datetime.datetime(2026, 11, 25, tzinfo=datetime.UTC)
    datum = Datum("enfants", "Enfants", "CAF", Outcome.UNAVAILABLE, at, reference="7K3M92QX")
    filled = datum.filled(Reading((Value("enfant", "Enfant", {"prenoms": "Lise"}, "Lise"),)))

    for kept in (datum, filled):
        assert Datum.from_session(json.loads(json.dumps(kept.for_session()))) == kept
    assert (filled.source, filled.month) == ("CAF", None)


# --- Refusals and delays ---


@pytest.mark.parametrize(
    ("document", "header", "seconds"),
    [
        ({"errors": [{"meta": {"retry_in": 30}}]}, "5", 30),
        ({"errors": [{"meta": {}}]}, "5", 5),
        ({"errors": []}, "5", 5),
        ({"errors": "trop"}, "5", 5),
        ({}, "5", 5),
        ({}, "", 60),
        ({}, "bientôt", 60),
        ({}, "nan", 3600),
        ({}, "-4", 1),
        ({"errors": [{"meta": {"retry_in": [1]}}]}, "5", 60),
        ({"errors": [{"meta": {"retry_in": 10**8}}]}, "5", 3600),
        ({"errors": [{"meta": {"retry_in": "inf"}}]}, "5", 3600),
    ],
)
def test_a_provider_that_says_when_is_not_asked_before(document, header, seconds):
    error = refusal("essai", Answer(429, "", b"", rate_limit_reset=header), document)

    assert error.outcome is Outcome.BUSY
    with time_machine.travel(time.time() + seconds - 0.5):
        assert circuit.must_wait("essai")
    with time_machine.travel(time.time() + seconds + 0.5):
        assert not circuit.must_wait("essai")


def test_a_moment_is_told_from_a_number_of_seconds():
    circuit.back_off("essai", int(time.time()) + 20)

    with time_machine.travel(time.time() + 18):
        assert circuit.must_wait("essai")
    with time_machine.travel(time.time() + 21):
        assert not circuit.must_wait("essai")


def test_a_count_forgotten_in_between_starts_again(monkeypatch):
    monkeypatch.setattr(cache, "add", lambda *args: None)

    circuit.failed("essai")

    assert not circuit.is_down("essai")


# --- One exchange, without a network ---


def say(monkeypatch, *answers):
    """The next exchanges answer this: an Answer, or an error that is raised."""
    left = list(answers)

    def exchange(*args, **kwargs):
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(exchanges, "exchange", exchange)


def test_our_own_saturation_is_no_failure_of_theirs(monkeypatch):
    say(monkeypatch, *[Saturated()] * outage.THRESHOLD)

    for _ in range(outage.THRESHOLD):
        with pytest.raises(NotReceived):
            exchanges.ask("essai", "GET", "http://127.0.0.1/")

    assert not circuit.is_down("essai")


def test_a_gateway_that_asks_to_wait_is_waited_for(monkeypatch):
    say(monkeypatch, Answer(429, "", b"{}", rate_limit_reset="10"))

    with pytest.raises(NotReceived) as caught:
        dgfip.ask("annrev", "jeton")

    assert caught.value.outcome is Outcome.BUSY
    assert circuit.must_wait(dgfip.NAME)


@pytest.mark.parametrize("token", [None, "", 3, "jeton\r\nX: 1", "jéton"])
def test_a_token_of_the_gateway_that_is_none_goes_nowhere(monkeypatch, token):
    body = json.dumps({"access_token": token}).encode()
    say(monkeypatch, Answer(200, "", body))

    with pytest.raises(NotReceived) as caught:
        dgfip.ask("annrev", "jeton")

    assert caught.value.code == "data_unreadable"
