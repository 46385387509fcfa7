"""The fictional town and its people, written once into an empty database."""

import time

from allauth.account.models import EmailAddress
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from django.db import transaction

from accounts import contact, second_factor, services
from accounts.models import User
from espace_citoyens.demo.people import AGENT_CODES, AGENT_EMAIL, PASSWORD, DemoPerson, read_people
from espace_citoyens.models import Town
from franceconnect import linking
from franceconnect.identity import PivotIdentity
from franceconnect.models import Link
from franceconnect.state import PendingIdentity

TOWN = {
    "name": "Ville de Rivemont",
    "service_name": "Espace Citoyens de Rivemont",
    "email": "mairie@rivemont.example",
    "phone": "02 99 00 10 00",
    "address": "Hôtel de ville\n1 place de la Fontaine\n44999 Rivemont",
    "opening_hours": (
        "Du lundi au vendredi, de 8 h 30 à 12 h et de 13 h 30 à 17 h 30\nLe samedi, de 9 h à 12 h"
    ),
}


@transaction.atomic
def seed(issuer: str, plus_issuer: str) -> None:
    """Fill an empty database; in one already filled, only follow the simulators' addresses.

    What visitors changed stays as they left it: whoever deleted a space does not find it again.
    """
    follow_simulators(issuer, plus_issuer)
    if Town.objects.exists():
        return
    Town.objects.create(**TOWN)
    create_agent()
    for person in read_people():
        if person.login_email:
            create_space(person)
        elif person.sub:
            create_linked_space(person, issuer)


def follow_simulators(issuer: str, plus_issuer: str) -> None:
    """The same simulators, on other ports today: their people stay linked.

    The level tells whose a link is: FranceConnect always answers eidas1, FranceConnect+ never.
    """
    links = Link.objects.filter(level="eidas1")
    links.exclude(issuer=issuer).update(issuer=issuer)
    plus_links = Link.objects.exclude(level="eidas1")
    plus_links.exclude(issuer=plus_issuer).update(issuer=plus_issuer)


def create_agent() -> None:
    """An agent who has enrolled already: an app that nobody has, codes that the demo prints."""
    agent = User.objects.create_superuser(AGENT_EMAIL, PASSWORD)
    second_factor.keep_app(agent, secret=generate_totp_secret(), counter=0)
    codes = [get_adapter().encrypt(code) for code in AGENT_CODES]
    Authenticator.objects.create(
        user=agent, type=Authenticator.Type.RECOVERY_CODES, data={"migrated_codes": codes}
    )


def create_space(person: DemoPerson) -> None:
    """A space that opens with an e-mail, verified, and the demo's password."""
    details = {name: value for name, value in person.space.items() if name != "email"}
    user = services.register(
        email=person.login_email,
        password=PASSWORD,
        identity=pivot_identity(person).as_identity(),
        **details,
    )
    EmailAddress.objects.filter(user=user).update(verified=True)
    user.email = person.login_email
    user.save(update_fields=["email"])
    contact.login_was_verified(user, person.login_email)


def create_linked_space(person: DemoPerson, issuer: str) -> None:
    """A space made with FranceConnect, which alone opens it."""
    identity = pivot_identity(person)
    pending = PendingIdentity(
        issuer=issuer,
        sub=person.sub,
        acr="eidas1",
        identity=identity,
        next_url="",
        proven_at=time.time(),
    )
    user = linking.apply_creation(pending, contact_email=identity.email)
    services.update_space(user.space, person.space)


def pivot_identity(person: DemoPerson) -> PivotIdentity:
    """The identity that the simulator will send for this person."""
    return PivotIdentity.from_claims(person.identity | person.franceconnect)
