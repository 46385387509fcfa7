"""Mon activité in a real browser: full, filtered, empty, an agent at the counter, the download."""

from datetime import timedelta

from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

from accounts import journal
from accounts.journal import Origin
from accounts.models import JournalKind
from tests.accounts.factories import make_agent, make_citizen

PHONE = Origin("Safari sur iOS", "réseau 90.30.40.…")
PAST = [
    (JournalKind.SPACE_CREATED, {"means": "mot de passe"}),
    (JournalKind.PROFILE_CHANGED, {}),
    (JournalKind.LINKED, {"means": "FranceConnect"}),
    (
        JournalKind.MAIL_SENT,
        {"code": "franceconnect/email/linked", "means": "FranceConnect", "origin": Origin()},
    ),
    (JournalKind.SIGN_IN_REFUSED, {"code": "wrong_password", "means": "mot de passe"}),
    (JournalKind.MAIL_FAILED, {"code": "account/email/password_reset_code", "origin": Origin()}),
]


def has_a_past(citizen):
    for number in range(5):
        at = timezone.now() - timedelta(days=40 - 9 * number)
        for kind, fields in PAST:
            journal.record(kind, citizen=citizen, at=at, **{"origin": PHONE} | fields)


def test_a_citizen_reads_who_came_to_their_space(arrives, portal):
    ines = make_citizen()
    has_a_past(ines)
    agent = make_agent()
    agent.groups.add(Group.objects.get_or_create(name="accueil")[0])
    counter = arrives()
    counter.enters_as_agent(agent)
    counter.goes_to(reverse("admin:accounts_personalspace_change", args=[ines.space.pk]))
    counter.reads("PERRER")

    citizen = arrives()
    citizen.signs_in()
    citizen.follows("Toute mon activité")
    citizen.is_at("/mon-espace/activite/")
    citizen.reads("Dossier consulté")
    citizen.reads("Par un agent de la mairie (accueil)")
    citizen.does_not_read(agent.email)
    citizen.looks("1-full")
    citizen.follows("Plus ancien")
    citizen.reads("Page 2 sur 2")
    citizen.page.get_by_label("Type d’activité").select_option("Mairie")
    citizen.presses("Afficher")
    citizen.reads("Dossier consulté")
    citizen.does_not_read("Connexion à votre espace")
    citizen.looks("2-filtered")
    citizen.follows("Télécharger cette liste")
    citizen.looks("3-download")
    with citizen.page.expect_download() as download:
        citizen.presses("Télécharger le fichier")
    assert "Dossier consulté" in download.value.path().read_text(encoding="utf-8-sig")


def test_the_journal_on_a_telephone_in_the_dark(arrives, portal):
    has_a_past(make_citizen())
    citizen = arrives(width=360, color_scheme="dark")
    citizen.signs_in()
    citizen.goes_to("/mon-espace/activite/")
    citizen.looks("1-full")
    citizen.goes_to("/mon-espace/activite/?famille=mairie")
    citizen.reads("Aucune ligne ne correspond à ces choix.")
    citizen.looks("2-empty")
    citizen.goes_to("/mon-espace/activite/?periode=jamais")
    citizen.looks("3-error")


def test_the_journal_without_javascript(arrives, portal):
    has_a_past(make_citizen())
    citizen = arrives(java_script_enabled=False)
    citizen.signs_in()
    citizen.follows("Toute mon activité")
    citizen.page.get_by_label("Type d’activité").select_option("Mairie")
    citizen.page.get_by_label("Période").select_option("7 derniers jours")
    citizen.presses("Afficher")

    citizen.reads("Aucune ligne ne correspond à ces choix.")
