"""Two requests at once, each with its own connection to the database: one result."""

import re
import threading
import time
from dataclasses import replace

import pytest
from django.conf import settings as portal_settings
from django.db import connection
from django.urls import reverse

from accounts import counter as counter_codes
from accounts.codes import MAX_TRIES
from accounts.models import JournalEntry, JournalKind, OneTimeCode, PersonalSpace, User
from franceconnect import codes, counter, linking
from franceconnect.exceptions import LinkRefused
from franceconnect.identity import PivotIdentity
from franceconnect.models import Link
from franceconnect.state import PendingIdentity
from tests.accounts.factories import make_agent, make_citizen
from tests.franceconnect.fixtures import Traveller

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*tasks):
    """Run each task in a thread of its own, started together; results, or what they raised."""
    barrier, results = threading.Barrier(len(tasks)), [None] * len(tasks)

    def run(index, task):
        barrier.wait()
        try:
            results[index] = task()
        except Exception as error:  # noqa: BLE001 given back to the test
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(tasks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


def pending(sub="the-sub"):
    return PendingIdentity(
        issuer=portal_settings.FRANCECONNECT["issuer"],
        sub=sub,
        acr="eidas1",
        identity=PivotIdentity("PERRER", ("Ines",), "", "female", "1985-04-12", "", "", ""),
        next_url="/mon-espace/",
        proven_at=time.time(),
    )


def test_two_creations_of_one_person_make_one_space():
    results = at_once(
        *[lambda: linking.apply_creation(pending(), contact_email="a@rivemont.example")] * 2
    )

    assert sorted(type(result).__name__ for result in results) == ["LinkRefused", "User"]
    assert User.objects.count() == PersonalSpace.objects.count() == Link.objects.count() == 1
    assert JournalEntry.objects.filter(kind=JournalKind.SPACE_CREATED).count() == 1


@pytest.fixture
def in_a_request(rf):
    """Run a task as a request does: mail is written with the request at hand."""
    from allauth.core import context

    def wrap(task):
        def run():
            with context.request_context(rf.get("/")):
                return task()

        return run

    return wrap


def test_one_person_linked_to_two_spaces_at_once_has_one(in_a_request):
    first, second = make_citizen(), make_citizen("autre@rivemont.example")

    results = at_once(
        in_a_request(lambda: linking.apply_link(first, pending())),
        in_a_request(lambda: linking.apply_link(second, pending())),
    )

    assert [type(result) for result in results].count(LinkRefused) == 1, results
    assert Link.objects.active().count() == 1
    assert PersonalSpace.objects.filter(identity_provenance="franceconnect").count() == 1


def test_one_space_linked_to_two_people_at_once_has_one(in_a_request):
    citizen = make_citizen()

    results = at_once(
        in_a_request(lambda: linking.apply_link(citizen, pending("one"))),
        in_a_request(lambda: linking.apply_link(citizen, pending("two"))),
    )

    assert [type(result) for result in results].count(LinkRefused) == 1, results
    assert citizen.franceconnect_links.active().count() == 1


def test_a_double_click_on_link_is_one_link_and_one_mail(in_a_request, mails):
    citizen = make_citizen()

    results = at_once(*[in_a_request(lambda: linking.apply_link(citizen, pending()))] * 2)

    assert results == [None, None]
    assert citizen.franceconnect_links.count() == 1
    assert len(mails()) == 1


def test_a_double_click_on_unlink_is_one_end_and_one_mail(in_a_request, mails):
    citizen = make_citizen()
    Link.objects.create(issuer=pending().issuer, sub="the-sub", citizen=citizen, level="eidas1")

    results = at_once(*[in_a_request(lambda: linking.apply_unlink(citizen, pending().issuer))] * 2)

    assert sorted(results) == [False, True]
    assert len(mails()) == 1


def test_the_same_return_twice_at_once_signs_in_once_and_crashes_never(simulator):
    traveller = Traveller(simulator)
    callback = traveller.identify(traveller.leave())
    twin = Traveller(simulator)
    twin.client.cookies = traveller.client.cookies

    results = at_once(lambda: traveller.come_back(callback), lambda: twin.come_back(callback))

    goes_on = [r for r in results if r.get("Location") == reverse("franceconnect:first_time")]
    assert len(goes_on) == 1
    # The other is told so; or led home, when the first saved the session after it.
    (other,) = [result for result in results if result not in goes_on]
    assert other.status_code == 400 or other["Location"] == "/"
    assert simulator.calls()["POST /api/v2/token"] == 1
    assert not User.objects.exists()


def test_two_tabs_may_finish_in_either_order(simulator):
    citizen = make_citizen()
    traveller = Traveller(simulator)
    Link.objects.create(
        issuer=pending().issuer, sub=traveller.sub_of(), citizen=citizen, level="eidas1"
    )
    first = traveller.identify(traveller.leave(next="/mon-espace/profil/"))
    second = traveller.identify(traveller.leave())

    assert traveller.come_back(second)["Location"] == "/mon-espace/"
    assert traveller.come_back(first)["Location"] == "/mon-espace/"
    assert traveller.user_id == citizen.pk


def sent_code(mails, email):
    key = codes.send_code(pending(), email=email)
    return key, re.search(r"\b\d{6}\b", mails()[-1].message).group()


def test_the_right_code_sent_twice_at_once_opens_once(in_a_request, mails):
    citizen = make_citizen()
    key, code = sent_code(mails, citizen.email)

    results = at_once(*[lambda: codes.redeem_code(key=key, email=citizen.email, code=code)] * 2)

    assert sorted(result is None for result in results) == [False, True]


def test_many_guesses_at_once_are_five(mails):
    citizen = make_citizen()
    key, code = sent_code(mails, citizen.email)
    wrong = [f"{number:06}" for number in range(13) if f"{number:06}" != code][:12]

    results = at_once(
        *[
            lambda guess=guess: codes.redeem_code(key=key, email=citizen.email, code=guess)
            for guess in wrong
        ]
    )

    assert results == [None] * 12
    assert OneTimeCode.objects.get().tries == MAX_TRIES
    assert codes.redeem_code(key=key, email=citizen.email, code=code) is None


def test_a_code_and_an_unlink_at_once_never_leave_a_live_code(in_a_request, mails):
    citizen = make_citizen()
    Link.objects.create(issuer=pending().issuer, sub="the-sub", citizen=citizen, level="eidas1")
    key, code = sent_code(mails, citizen.email)

    at_once(
        in_a_request(lambda: linking.apply_unlink(citizen, pending().issuer)),
        lambda: codes.redeem_code(key=key, email=citizen.email, code=code),
    )

    assert not OneTimeCode.objects.exists()
    assert codes.redeem_code(key=key, email=citizen.email, code=code) is None


def test_a_code_of_the_counter_used_twice_at_once_opens_once(in_a_request, mails):
    citizen, agent = make_citizen(), make_agent()
    code = counter_codes.give_code(citizen.space, agent=agent, document="passport")
    found = counter_codes.find_code(code).pk

    results = at_once(
        *[
            in_a_request(
                lambda sub=sub: counter.apply_counter_code(
                    replace(pending(sub), counter_code=found)
                )
            )
            for sub in ("one", "two")
        ]
    )

    assert sorted(type(result).__name__ for result in results) == ["LinkRefused", "User"], results
    assert citizen.franceconnect_links.count() == 1
    assert JournalEntry.objects.filter(kind=JournalKind.COUNTER_CODE_USED).count() == 1


def test_two_agents_at_once_leave_one_code(in_a_request):
    citizen, agents = make_citizen(), [make_agent(), make_agent("deux@rivemont.example")]

    codes = at_once(
        *[
            in_a_request(
                lambda agent=agent: counter_codes.give_code(
                    citizen.space, agent=agent, document="passport"
                )
            )
            for agent in agents
        ]
    )

    assert sorted(counter_codes.find_code(code) is None for code in codes) == [False, True]
