"""What agents do for a citizen at the counter: each act is seen, justified, told, and done once."""

import pytest
from django.utils import timezone

from accounts import counter, desk, erasure, services
from accounts.desk import Correction, FileChanged, NothingDone
from accounts.files import Act
from accounts.models import (
    CounterCode,
    IdentityDocument,
    JournalEntry,
    JournalKind,
    PersonalSpace,
    Provenance,
    User,
)
from accounts.open_sessions import sessions_of
from tests.accounts.factories import PASSWORD, make_citizen
from tests.franceconnect.test_concurrency import at_once

PASSPORT = IdentityDocument.PASSPORT
REASON = "Demande de la personne, au guichet."


@pytest.fixture
def act(agent):
    return Act(agent=agent, reason=REASON)


def stored(citizen) -> PersonalSpace:
    return PersonalSpace.objects.select_related("user").get(user=citizen)


def check(citizen, act, document=PASSPORT):
    space = stored(citizen)
    desk.check_identity(space, act, document=document, seen=desk.version_of(space))


def correct(citizen, act, document="", **changes):
    space = stored(citizen)
    return desk.correct(space, act, Correction(changes, desk.version_of(space), document))


ACTS = {
    JournalKind.IDENTITY_CHECKED: check,
    JournalKind.FILE_CHANGED: lambda citizen, act: correct(citizen, act, phone="+33612345678"),
    JournalKind.BLOCKED: lambda citizen, act: desk.block(citizen.space, act),
    JournalKind.UNBLOCKED: lambda citizen, act: (
        User.objects.filter(pk=citizen.pk).update(is_active=False),
        desk.unblock(citizen.space, act),
    ),
    JournalKind.DELETION_ASKED: lambda citizen, act: desk.start_erasure(citizen.space, act),
    JournalKind.DELETION_CANCELLED: lambda citizen, act: (
        PersonalSpace.objects.filter(user=citizen).update(deletion_asked_at=timezone.now()),
        desk.stop_erasure(citizen.space, act),
    ),
}


@pytest.mark.parametrize("kind", ACTS)
def test_an_act_is_journalled_with_its_reason_and_told_by_mail(citizen, agent, act, mails, kind):
    ACTS[kind](citizen, act)

    line = citizen.journal.get()
    assert (line.kind, line.actor, line.reason) == (kind, agent, REASON)
    assert line.capacity == "administration"
    (mail,) = mails()
    assert mail.to == [citizen.email]
    assert REASON not in mail.message + mail.html_message


@pytest.mark.parametrize("kind", ACTS)
def test_nothing_is_done_to_somebody_who_became_an_agent(citizen, act, mails, kind):
    User.objects.filter(pk=citizen.pk).update(is_staff=True)
    citizen.refresh_from_db()
    before = PersonalSpace.objects.values().get()

    with pytest.raises(NothingDone):
        ACTS[kind](citizen, act)

    assert not JournalEntry.objects.exists()
    assert not mails()
    after = PersonalSpace.objects.values().get()
    assert after | {"deletion_asked_at": None} == before | {"deletion_asked_at": None}


def test_a_declared_identity_becomes_checked(citizen, act):
    check(citizen, act)

    space = stored(citizen)
    assert space.identity_provenance == Provenance.COUNTER
    assert space.identity_checked_at == space.identity_provenance_at
    assert citizen.journal.get().means == PASSPORT.label


def test_a_certified_identity_stays_so_and_keeps_the_date_of_the_check(citizen, act):
    identity = services.Identity("PERRER", ("Ines",), birthdate_text="1985-04-12")
    services.certify_identity(citizen.space, identity)
    at = stored(citizen).identity_provenance_at

    check(citizen, act)

    space = stored(citizen)
    assert space.identity_provenance == Provenance.FRANCECONNECT
    assert (space.identity_provenance_at, bool(space.identity_checked_at)) == (at, True)
    services.end_certification(space)
    assert stored(citizen).identity_provenance == Provenance.COUNTER


def test_an_identity_that_changed_under_the_eyes_of_the_agent_is_not_checked(citizen, act, mails):
    seen = desk.version_of(citizen.space)
    services.update_space(citizen.space, {"birth_family_name": "AUTRE"})

    with pytest.raises(FileChanged):
        desk.check_identity(citizen.space, act, document=PASSPORT, seen=seen)

    assert stored(citizen).identity_provenance == Provenance.DECLARED
    assert not mails()


def test_a_correction_says_which_parts_changed_and_never_the_values(citizen, act, mails):
    parts = correct(citizen, act, birth_family_name="PERRÈRE", city="Rezé", phone="+33612345678")

    assert parts == ("contact", "address", "identity")
    assert citizen.journal.get().code == "contact address identity"
    text = mails()[0].message.replace("\n", " ")
    assert "vos coordonnées, votre adresse et votre identité" in text
    for value in ("PERRÈRE", "Rezé", "612345678"):
        assert value not in text + mails()[0].html_message


def test_a_certified_identity_is_not_corrected_whatever_is_sent(citizen, act):
    services.certify_identity(citizen.space, services.Identity("PERRER", ("Ines",)))

    parts = correct(citizen, act, birth_family_name="FAUX", gender="male", city="Rezé")

    assert parts == ("address",)
    space = stored(citizen)
    assert (space.birth_family_name, space.gender, space.city) == ("PERRER", "unspecified", "Rezé")


def test_correcting_an_identity_ends_its_check_unless_it_is_checked_again(citizen, act):
    check(citizen, act)
    correct(citizen, act, birth_family_name="PERRÈRE")
    space = stored(citizen)
    assert space.identity_provenance == Provenance.DECLARED
    assert space.identity_checked_at is None

    correct(citizen, act, document=PASSPORT, birth_family_name="PERRERE")
    space = stored(citizen)
    assert space.identity_provenance == Provenance.COUNTER
    assert space.identity_checked_at is not None


def test_correcting_the_rest_keeps_the_check(citizen, act):
    check(citizen, act)

    correct(citizen, act, usual_name="MARTIN", phone="+33612345678", contact_email="a@b.example")

    assert stored(citizen).identity_provenance == Provenance.COUNTER
    assert stored(citizen).usual_name_at is not None


def test_a_new_contact_email_is_to_be_verified_and_the_former_one_is_told(citizen, act, mails):
    PersonalSpace.objects.update(
        contact_email="avant@rivemont.example", contact_email_verified_at=timezone.now()
    )

    correct(citizen, act, contact_email="apres@rivemont.example")

    space = stored(citizen)
    assert space.contact_email == "apres@rivemont.example"
    assert space.contact_email_verified_at is None
    assert space.user.email == citizen.email
    told = {address for mail in mails() for address in mail.to}
    assert told == {citizen.email, "avant@rivemont.example", "apres@rivemont.example"}


def test_a_contact_email_that_is_the_login_needs_no_code(citizen, act):
    PersonalSpace.objects.update(contact_email="avant@rivemont.example")

    correct(citizen, act, contact_email=citizen.email)

    assert stored(citizen).contact_email_verified_at is not None


def test_a_correction_of_nothing_is_no_act(citizen, act, mails):
    with pytest.raises(NothingDone):
        correct(citizen, act, city=citizen.space.city)

    assert not citizen.journal.exists()
    assert not mails()


def test_a_block_closes_everything_and_says_nothing_of_why(client, citizen, agent, act, mails):
    client.post("/connexion/", {"login": citizen.email, "password": PASSWORD})
    counter.give_code(citizen.space, agent=agent, document=PASSPORT)
    assert client.get("/mon-espace/").status_code == 200

    desk.block(citizen.space, act)

    assert client.get("/mon-espace/").status_code == 302
    assert not sessions_of(User.objects.get(pk=citizen.pk))
    assert not CounterCode.objects.exists()
    text = mails()[-1].message
    assert "Contactez la mairie" in text
    assert "bloqu" not in text + mails()[-1].subject


def test_an_unblocked_citizen_enters_as_before(client, citizen, act):
    desk.block(citizen.space, act)
    desk.unblock(stored(citizen), act)

    client.post("/connexion/", {"login": citizen.email, "password": PASSWORD})

    assert client.get("/mon-espace/").status_code == 200


def test_sessions_end_and_the_door_stays_open(client, citizen, act, mails):
    client.post("/connexion/", {"login": citizen.email, "password": PASSWORD})

    desk.end_sessions(citizen.space, act)

    assert client.get("/mon-espace/").status_code == 302
    assert citizen.journal.filter(kind=JournalKind.SESSIONS_ENDED, reason=REASON).exists()
    client.post("/connexion/", {"login": citizen.email, "password": PASSWORD})
    assert client.get("/mon-espace/").status_code == 200


def test_without_an_open_session_there_is_nothing_to_end(citizen, act, mails):
    with pytest.raises(NothingDone):
        desk.end_sessions(citizen.space, act)

    assert not mails()


def test_a_citizen_takes_back_what_an_agent_began(client, citizen, act, mails):
    desk.start_erasure(citizen.space, act)
    assert "agent de la mairie" in mails()[0].message
    client.post("/connexion/", {"login": citizen.email, "password": PASSWORD})

    client.post("/mon-espace/suppression-demandee/")

    assert stored(citizen).deletion_asked_at is None


def test_an_agent_takes_back_what_a_citizen_asked(citizen, act, mails):
    erasure.ask_deletion(citizen)

    desk.stop_erasure(stored(citizen), act)

    assert stored(citizen).deletion_asked_at is None
    assert "annulé" in mails()[-1].message


@pytest.mark.parametrize(
    "kind",
    [
        JournalKind.BLOCKED,
        JournalKind.DELETION_ASKED,
        JournalKind.IDENTITY_CHECKED,
        JournalKind.FILE_CHANGED,
    ],
)
def test_a_second_agent_later_changes_nothing(citizen, act, mails, kind):
    space = stored(citizen)
    seen = desk.version_of(space)
    again = {
        JournalKind.BLOCKED: lambda: desk.block(space, act),
        JournalKind.DELETION_ASKED: lambda: desk.start_erasure(space, act),
        JournalKind.IDENTITY_CHECKED: lambda: desk.check_identity(
            space, act, document=PASSPORT, seen=seen
        ),
        JournalKind.FILE_CHANGED: lambda: desk.correct(
            space, act, Correction({"city": "Rezé"}, seen)
        ),
    }[kind]
    again()

    with pytest.raises(NothingDone):
        again()

    assert citizen.journal.count() == 1
    assert len(mails()) == 1


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", [JournalKind.BLOCKED, JournalKind.IDENTITY_CHECKED])
def test_two_agents_at_once_are_one_act(citizen, agent, mails, kind):
    seen = desk.version_of(citizen.space)
    acts = [Act(agent, f"motif {number}") for number in range(2)]

    def task(act):
        if kind == JournalKind.BLOCKED:
            return lambda: desk.block(stored(citizen), act)
        return lambda: desk.check_identity(citizen.space, act, document=PASSPORT, seen=seen)

    results = at_once(*map(task, acts))

    assert sorted(isinstance(result, NothingDone) for result in results) == [False, True]
    assert citizen.journal.filter(kind=kind).count() == 1
    assert len(mails()) == 1


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_corrections_at_once_are_one(citizen, agent):
    seen = desk.version_of(citizen.space)
    changes = [{"city": "Rezé"}, {"phone": "+33612345678"}]
    tasks = [
        lambda values=values: desk.correct(
            citizen.space, Act(agent, "motif"), Correction(values, seen)
        )
        for values in changes
    ]

    results = at_once(*tasks)

    assert [isinstance(result, FileChanged) for result in results].count(True) == 1
    space = stored(citizen)
    assert (space.city == "Rezé") != (space.phone == "+33612345678")


def test_a_reason_is_read_by_its_citizen(client, citizen, act):
    check(citizen, act)
    client.post("/connexion/", {"login": citizen.email, "password": PASSWORD})

    page = client.get("/mon-espace/activite/").content.decode()

    assert REASON in page
    assert act.agent.agent_reference in page
    assert act.agent.email not in page


def test_a_line_of_a_correction_names_its_parts_to_its_citizen(client, citizen, act):
    correct(citizen, act, city="Rezé", phone="+33612345678")
    client.post("/connexion/", {"login": citizen.email, "password": PASSWORD})

    page = client.get("/mon-espace/activite/").content.decode()

    assert "vos coordonnées et votre adresse" in page


def test_nobody_elses_space_is_touched(citizen, stranger, act):
    before = PersonalSpace.objects.values().get(user=stranger)

    desk.block(citizen.space, act)
    correct(citizen, act, city="Rezé")

    assert PersonalSpace.objects.values().get(user=stranger) == before
    assert User.objects.get(pk=stranger.pk).is_active
    assert JournalEntry.objects.filter(citizen=stranger).count() == 0


def test_a_space_without_any_address_is_acted_upon_all_the_same(db, act, mails):
    citizen = make_citizen(None)

    check(citizen, act)

    assert citizen.journal.exists()
    assert not mails()
