"""Agents of the tests, and the way each of them gets in."""

from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import Permission
from django.test import Client

from accounts import agent_door
from accounts.models import User
from tests.accounts.factories import PASSWORD


def sign_in_agent(client: Client, agent: User) -> Client:
    """This client, where this agent has passed the agents' door; the client itself.

    The row of the session is there already: the queries that a test counts are its page's own.
    """
    client.force_login(agent, backend=agent_door.BACKEND)
    session = client.session
    session[agent_door.PASSED_KEY] = agent.pk
    session.save()
    client.get("/admin/jsi18n/")
    return client


def give_app(agent: User) -> str:
    """The secret of an app that is asked of this agent after their password."""
    secret = generate_totp_secret()
    Authenticator.objects.filter(user=agent).delete()
    TOTP.activate(agent, secret)
    return secret


def make_agent_with(*permissions: str, email: str = "guichet@rivemont.example") -> User:
    """An agent with these rights alone, each written `app.codename`."""
    agent = User.objects.create_user(email, PASSWORD, is_staff=True)
    for name in permissions:
        app, codename = name.split(".")
        agent.user_permissions.add(
            Permission.objects.get(content_type__app_label=app, codename=codename)
        )
    return agent
