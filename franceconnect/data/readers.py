"""From the JSON of each administration to typed values: pure, no HTTP.

Each reader takes the object that its provider answered and returns a Reading. Raises NotReceived:
a member that is absent was not granted; a null or a zero where an amount is due is doubtful, for it
would choose a tariff in silence; a value of the wrong type makes the whole answer unreadable.
Sources of the shapes: openapi of API Particulier v3, swaggers of France Travail and of the DGFiP.
"""

import datetime
from collections.abc import Callable

from django.utils import timezone

from accounts.templatetags.accounts import day as written_day
from franceconnect.data.answers import NotReceived, Outcome, Reading, Value

Reader = Callable[[dict], Reading]

FUNDS = {"CNAF": "CAF", "MSA": "MSA"}
LEVELS_OF_GRANT = {"0bis", "1", "2", "3", "4", "5", "6", "7"}
LONGEST_TEXT = 200
LARGEST_AMOUNT = 100_000_000
YEARS = range(2000, 2101)
MOST_PEOPLE = 30
NARROW_SPACE = "\u202f"


def quotient_familial(data: dict) -> Reading:
    """The quotient of the household, of CAF or MSA, and the month that it is of."""
    found = _object(_member(data, "quotient_familial"))
    fund = FUNDS.get(_text(found.get("fournisseur")))
    if fund is None:
        raise unreadable()
    amount = _amount(found.get("valeur"))
    period = _month(found.get("annee"), found.get("mois"))
    value = Value("quotient_familial", "Quotient familial", amount, f"{_grouped(amount)}\u00a0€")
    return Reading((value,), period=period, source=fund)


def enfants(data: dict) -> Reading:
    """The children of the household that the fund knows: names and date of birth."""
    children = _objects(_member(data, "enfants"))
    values = tuple(_child(child) for child in children)
    return Reading(values or (Value("enfant", "Enfants", "", "aucun"),))


def _child(child: dict) -> Value:
    born = _day(child.get("date_naissance"))
    known = {
        "prenoms": _text(child.get("prenoms")),
        "nom_naissance": _text(child.get("nom_naissance")),
        "date_naissance": born.isoformat(),
    }
    # Agrees with girls and boys: the answer need not tell them apart.
    text = (
        f"{known['prenoms']} {known['nom_naissance']}, date de naissance\u00a0: {written_day(born)}"
    )
    return Value("enfant", "Enfant", known, text)


def benefit(**options: str) -> Reader:
    """A reader of an allowance: whether one receives it, since when, and its `options`."""

    def read(data: dict) -> Reading:
        values = [_answer("est_beneficiaire", "Bénéficiaire", data)]
        values += [_answer(name, label, data) for name, label in options.items() if name in data]
        if data.get("date_debut_droit") is not None:
            since = _day(data["date_debut_droit"])
            values.append(_dated("date_debut_droit", "Depuis le", since))
        return Reading(tuple(values))

    return read


def statut_etudiant(data: dict) -> Reading:
    """Whether one is enrolled today in higher education, where and until when."""
    admissions = _objects(_member(data, "admissions"))
    current = [admission for admission in admissions if _is_current(admission)]
    enrolled = Value("est_inscrit", "Inscription dans le supérieur", bool(current), _yes(current))
    if not current:
        return Reading((enrolled,))
    last = max(current, key=lambda admission: _day(admission["date_fin"]))
    values = [enrolled, _dated("date_fin", "Jusqu’au", _day(last["date_fin"]))]
    if last.get("etablissement_etudes") is not None:
        name = _text(_object(last["etablissement_etudes"]).get("nom"))
        values.append(Value("etablissement", "Établissement", name, name))
    return Reading(tuple(values))


def _is_current(admission: dict) -> bool:
    is_enrolled = _flag(_member(admission, "est_inscrit"))
    start, end = (_day(admission.get(name)) for name in ("date_debut", "date_fin"))
    return is_enrolled and start <= timezone.localdate() <= end


def etudiant_boursier(data: dict) -> Reading:
    """Whether one has a grant on social criteria, and its level (0bis to 7)."""
    values = [_answer("est_boursier", "Bourse sur critères sociaux", data)]
    if data.get("echelon_bourse") is not None:
        level = _text(_object(data["echelon_bourse"]).get("echelon"))
        if level not in LEVELS_OF_GRANT:
            raise unreadable()
        values.append(Value("echelon", "Échelon", level, level))
    return Reading(tuple(values))


def demandeur_emploi(data: dict) -> Reading:
    """Whether one is registered today as a job seeker, and in which category."""
    found = _object(_member(data, "situationInscription"))
    if found.get("dateInscription") is None:
        raise NotReceived(Outcome.DOUBTFUL)
    since = _day(found["dateInscription"])
    ended = found.get("dateCessationInscription")
    is_open = ended is None or _day(ended) > timezone.localdate()
    values = [Value("est_inscrit", "Inscription à France Travail", is_open, _yes(is_open))]
    values.append(_dated("date_inscription", "Depuis le", since))
    if is_open and found.get("libellecategorieInscription") is not None:
        words = _text(found["libellecategorieInscription"])
        values.append(Value("categorie", "Catégorie", words, words))
    return Reading(tuple(values))


def revenu_fiscal_reference(data: dict) -> Reading:
    """The reference income of a tax year; `annee` is the year that our client asked for."""
    amount = _amount(_member(data, "rfr"))
    text = f"{_grouped(amount)}\u00a0€"
    value = Value("revenu_fiscal_reference", "Revenu fiscal de référence", amount, text)
    return Reading((value,), period=str(data["annee"]))


def unreadable() -> NotReceived:
    """The administration answered something that its own documentation does not describe."""
    return NotReceived(Outcome.UNAVAILABLE, "data_unreadable")


def _member(data: dict, name: str) -> object:
    if name not in data:
        raise NotReceived(Outcome.NOT_GRANTED)
    return data[name]


def _object(value: object) -> dict:
    if value is None:
        raise NotReceived(Outcome.DOUBTFUL)
    if not isinstance(value, dict):
        raise unreadable()
    return value


def _objects(value: object) -> list[dict]:
    if not isinstance(value, list) or len(value) > MOST_PEOPLE:
        raise unreadable()
    return [_object(item) for item in value]


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise unreadable()
    if len(value) > LONGEST_TEXT:
        raise unreadable()
    return value.strip()


def _amount(value: object) -> int:
    """An amount that may choose a tariff: never a zero, never a missing one."""
    if value is None:
        raise NotReceived(Outcome.DOUBTFUL)
    amount = _whole(value)
    if not amount:
        raise NotReceived(Outcome.DOUBTFUL)
    return amount


def _whole(value: object) -> int:
    if type(value) is not int or not 0 <= value < LARGEST_AMOUNT:
        raise unreadable()
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise unreadable()
    return value


def _day(value: object) -> datetime.date:
    """A day, of a date or of a date and time."""
    try:
        return datetime.date.fromisoformat(_text(value)[:10])
    except ValueError:
        raise unreadable() from None


def _month(year: object, month: object) -> str:
    if _whole(year) not in YEARS or not 1 <= _whole(month) <= 12:
        raise unreadable()
    return f"{year}-{month:02}"


def _answer(name: str, label: str, data: dict) -> Value:
    flag = _flag(_member(data, name))
    return Value(name, label, flag, _yes(flag))


def _dated(name: str, label: str, day: datetime.date) -> Value:
    return Value(name, label, day.isoformat(), written_day(day))


def _yes(flag: object) -> str:
    return "oui" if flag else "non"


def _grouped(amount: int) -> str:
    return f"{amount:,}".replace(",", NARROW_SPACE)
