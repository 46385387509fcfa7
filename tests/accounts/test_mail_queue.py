"""What people are named is never obeyed by the queue of mail."""

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives

from accounts import services
from tests.accounts.factories import make_citizen

NAMES = [
    "{{ 7|add:7 }}",
    "{% include 'base.html' %}",
    "{% now %}",
    "{% endverbatim %}",
    "{# #}",
    "{%",
]


@pytest.mark.django_db
@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_looks_like_an_instruction_is_only_a_name(name, mails):
    message = EmailMultiAlternatives(f"Sujet {name}", f"Texte {name}", to=["a@rivemont.example"])
    message.attach_alternative(f"<p>{name}</p>", "text/html")
    message.send()

    mail = mails()[0]
    assert (mail.subject, mail.message) == (f"Sujet {name}", f"Texte {name}")
    assert mail.html_message == f"<p>{name}</p>"


@pytest.mark.django_db
def test_a_plain_message_is_queued_too(mails):
    EmailMessage("Sujet", "Texte", to=["a@rivemont.example"]).send()

    assert mails()[0].message == "Texte"


@pytest.mark.django_db
@pytest.mark.parametrize("name", NAMES)
def test_a_space_of_a_strange_name_has_its_notices(name, mails):
    citizen = make_citizen(birth_family_name=name)

    services.notify(citizen.space, "accounts/email/space_opened", {})

    assert mails()[0].to == [citizen.email]
