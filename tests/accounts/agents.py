"""Agents of the tests, and the way each of them gets in."""

from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from tests.accounts.factories import PASSWORD


def sign_in_agent(client: Client, agent: User) -> Client:
    """This client, where this agent has passed the agents' door; the client itself."""
    client.force_login(agent)
    return client


def make_agent_with(*permissions: str, email: str = "guichet@rivemont.example") -> User:
    """An agent with these rights alone, each written `app.codename`."""
    agent = User.objects.create_user(email, PASSWORD, is_staff=True)
    for name in permissions:
        app, codename = name.split(".")
        agent.user_permissions.add(
            Permission.objects.get(content_type__app_label=app, codename=codename)
        )
    return agent
