"""Somebody whose space FranceConnect opens tries a password: the page is silent, a mail helps."""

from django.conf import settings
from post_office.models import Email

from accounts import failed_sign_ins
from accounts.models import PersonalSpace, User
from franceconnect.models import Link
from tests.accounts.factories import PASSWORD

CONTACT = "ines.perrer@rivemont.example"
REFUSED = "L’adresse e-mail ou le mot de passe est incorrect."


def make_citizen_of_franceconnect():
    user = User.objects.create_user()
    PersonalSpace.objects.create(
        user=user, birth_family_name="PERRER", given_names=["Ines"], contact_email=CONTACT
    )
    issuer = settings.FRANCECONNECT["issuer"]
    Link.objects.create(issuer=issuer, sub="the-sub", citizen=user, level="eidas1")


def tries_a_password(citizen, email):
    citizen.goes_to("/connexion/")
    citizen.types("Identifiant", email)
    citizen.types("Mot de passe", PASSWORD)
    citizen.presses("Se connecter")
    citizen.reads(REFUSED)


def test_a_mail_alone_shows_the_right_door(arrives, portal):
    make_citizen_of_franceconnect()
    citizen = arrives(width=360, color_scheme="dark")

    tries_a_password(citizen, "personne@rivemont.example")
    tries_a_password(citizen, CONTACT)
    citizen.looks("1-refused-like-anybody")
    failed_sign_ins.follow_up()
    citizen.goes_to("/mot-de-passe-oublie/")
    citizen.types("Identifiant", CONTACT)
    citizen.sends()
    citizen.looks("2-a-code-is-said-to-be-sent")

    mails = Email.objects.order_by("pk")
    assert [mail.to for mail in mails] == [[CONTACT]] * 2
    assert all("FranceConnect" in mail.message for mail in mails)
