"""`manage.py purge`: counts by default, in short transactions, twice at once without harm."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.utils import timezone
from post_office.models import Email

from accounts import erasure, journal, retention
from accounts.models import JournalEntry, JournalKind, PersonalSpace, User
from accounts.retention import Category, all_categories
from tests.accounts.factories import make_citizen
from tests.franceconnect.test_concurrency import at_once

YEARS_AGO = timedelta(days=1000)


def run(**options) -> str:
    out = StringIO()
    call_command("purge", stdout=out, **options)
    return out.getvalue()


def category(name) -> Category:
    return next(each for each in all_categories() if each.name == name)


def old_lines(number, citizen=None):
    at = timezone.now() - YEARS_AGO
    entries = [JournalEntry(kind=JournalKind.SIGNED_IN, at=at, citizen=citizen)] * number
    JournalEntry.objects.bulk_create(entries)


def leavers(number):
    citizens = [make_citizen(f"p{index}@rivemont.example") for index in range(number)]
    PersonalSpace.objects.update(deletion_asked_at=timezone.now() - timedelta(days=15))
    return citizens


@pytest.mark.django_db
def test_by_default_it_counts_and_changes_nothing():
    old_lines(3)
    leavers(2)

    out = run()

    assert "        3  lignes du journal de plus de 12 mois" in out
    assert "        2  espaces dont la suppression est demandée depuis 14 jours" in out
    assert "purge --execute" in out
    assert JournalEntry.objects.count() == 3
    assert User.objects.count() == 2
    assert not Email.objects.exists()


@pytest.mark.django_db
def test_executed_it_says_what_it_did(mails):
    old_lines(3)
    leavers(2)

    out = run(execute=True)

    assert "        3  lignes du journal de plus de 12 mois" in out
    assert "        2  espaces dont la suppression est demandée depuis 14 jours" in out
    assert not User.objects.exists()
    assert len(mails()) == 2


@pytest.mark.django_db
def test_on_a_terminal_it_counts_as_it_goes():
    old_lines(3)
    out = StringIO()
    out.isatty = lambda: True

    call_command("purge", execute=True, stdout=out)

    assert "\r        3  lignes du journal" in out.getvalue()


@pytest.mark.django_db
def test_a_second_run_finds_nothing():
    old_lines(3)
    leavers(2)
    run(execute=True)

    again = run(execute=True)

    counts = [int(line.split()[0]) for line in again.splitlines()]
    assert counts == [0] * len(all_categories())


@pytest.mark.django_db
def test_it_goes_batch_by_batch_and_tells_its_progress():
    old_lines(7)
    progress = []
    by_three = Category("journal", "", category("journal").rows, batch=3)

    outcome = by_three.run(lambda so_far: progress.append(so_far.done))

    assert (outcome.done, outcome.failed) == (7, 0)
    assert progress == [3, 6, 7]


@pytest.mark.django_db
def test_stopped_it_leaves_the_rest_to_the_next_run():
    old_lines(7)
    by_three = Category("journal", "", category("journal").rows, batch=3)
    stops = iter([False, True])

    assert by_three.run(stop=lambda: next(stops)).done == 3
    assert by_three.run().done == 4


@pytest.mark.django_db
def test_a_batch_costs_the_same_whatever_its_size(django_assert_num_queries):
    old_lines(200)

    # Two keys' queries (the second finds nothing), then save point, lock, erasure, release.
    with django_assert_num_queries(6):
        category("journal").run()


@pytest.mark.django_db
def test_one_that_fails_is_left_behind_and_told(monkeypatch, caplog):
    first, *_ = leavers(3)
    erase = erasure.erase_everywhere

    def fail_for_first(users):
        if first in users:
            raise DatabaseError("p0@rivemont.example")
        erase(users)

    monkeypatch.setattr(erasure, "erase_everywhere", fail_for_first)

    with pytest.raises(CommandError, match="1 ligne"):
        run(execute=True)

    assert list(User.objects.all()) == [first]
    assert "purge of deletions failed: DatabaseError" in caplog.messages
    assert "rivemont" not in caplog.text


@pytest.mark.django_db
def test_a_space_kept_at_the_last_moment_is_not_erased(monkeypatch):
    """Chosen, then kept, then locked: what is read under the lock decides."""
    citizen, *_ = leavers(1)
    keys_after = Category._keys_after

    def keep_meanwhile(self, last):
        keys = keys_after(self, last)
        erasure.cancel_deletion(citizen)
        return keys

    monkeypatch.setattr(retention.Category, "_keys_after", keep_meanwhile)
    category("deletions").run()

    assert User.objects.filter(pk=citizen.pk).exists()


# --- Twice at once, with two connections ---


@pytest.mark.django_db(transaction=True)
def test_two_purges_at_once_erase_once_and_write_once(mails):
    leavers(6)
    old_lines(1200)

    results = at_once(lambda: run(execute=True), lambda: run(execute=True))

    assert [result for result in results if isinstance(result, Exception)] == []
    run(execute=True)
    assert not User.objects.exists()
    assert sorted(mail.to[0] for mail in mails()) == [f"p{n}@rivemont.example" for n in range(6)]
    assert JournalEntry.objects.count() == 6


@pytest.mark.django_db(transaction=True)
def test_two_purges_at_once_warn_once(mails):
    citizens = [make_citizen(f"p{index}@rivemont.example") for index in range(6)]
    User.objects.update(last_login=timezone.now() - YEARS_AGO)

    results = at_once(lambda: run(execute=True), lambda: run(execute=True))

    assert [result for result in results if isinstance(result, Exception)] == []
    assert len(mails()) == len(citizens)
    assert set(PersonalSpace.objects.values_list("unused_warnings", flat=True)) == {1}


@pytest.mark.django_db(transaction=True)
def test_an_erasure_and_a_change_of_mind_at_once_leave_one_truth(mails):
    citizen, *_ = leavers(1)
    user = User.objects.select_related("space").get()

    results = at_once(lambda: run(execute=True), lambda: erasure.cancel_deletion(user))

    kept = results[1] is True
    assert User.objects.filter(pk=citizen.pk).exists() is kept
    subject = (
        "Vous gardez votre espace personnel" if kept else "Votre espace personnel est supprimé"
    )
    assert [mail.subject for mail in mails()] == [subject]


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql
def test_a_row_in_use_is_left_to_the_next_run():
    """Somebody else's transaction holds it: the purge goes on with the others, and waits not."""
    first, *_ = leavers(3)
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute(
            "SELECT 1 FROM accounts_personalspace WHERE user_id = %s FOR UPDATE", [first.pk]
        )
        (outcome,) = at_once(lambda: category("deletions").run())
        cursor.execute("ROLLBACK")

    assert outcome.done == 2
    assert list(User.objects.all()) == [first]


@pytest.mark.django_db
def test_each_deletion_is_one_line_without_a_name():
    leavers(2)
    journal_before = journal.JournalEntry.objects.count()

    run(execute=True)

    assert journal_before == 0
    assert (
        list(JournalEntry.objects.values_list("kind", "citizen"))
        == [(JournalKind.SPACE_DELETED, None)] * 2
    )
