"""allauth's second factors and passkeys, in the portal's words, with their secrets encrypted."""

from allauth.account.utils import user_pk_to_url_str
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.utils.module_loading import import_string

from accounts.devices import device_label
from accounts.sealed import seal, unseal

PURPOSE = "second factor"


class MFAAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": (
            "Ce code n’est pas le bon, ou il a déjà servi. Attendez le code suivant, puis "
            "recommencez."
        ),
        "incorrect_app_code": (
            "Ce code n’est pas le bon. Vérifiez que l’heure de votre téléphone est réglée "
            "automatiquement, puis recopiez le code affiché."
        ),
        "incorrect_passkey": (
            "Cette clé d’accès n’a pas pu être vérifiée. Recommencez, ou choisissez un autre moyen."
        ),
        "too_many_passkeys": (
            "Votre espace a déjà dix clés d’accès. Retirez-en une avant d’en ajouter une autre."
        ),
    }

    def get_totp_label(self, user):
        """What the app shows under the town's name: the reference says nothing of the person."""
        return user.agent_reference if user.is_staff else user.space.reference

    def get_totp_issuer(self):
        return self._get_site_name()

    def _get_site_name(self):
        return import_string(settings.SERVICE_NAME_OF_PORTAL)()

    def encrypt(self, text):
        """A copy of the database must not make codes."""
        return seal(PURPOSE, text)

    def decrypt(self, encrypted_text):
        """Raises Unreadable for what another key sealed.

        Never an empty text instead: anybody computes the codes of an empty secret.
        """
        return unseal(PURPOSE, encrypted_text)

    def is_mfa_enabled(self, user, types=None):
        """allauth would ask for a passkey after the password of whoever has one.

        It opens the space by itself, and perhaps is on another machine: it asks for nothing.
        """
        if types and Authenticator.Type.TOTP in types:
            types = [Authenticator.Type.TOTP]
        return super().is_mfa_enabled(user, types)

    def generate_authenticator_name(self, user, type):
        """The machine at hand, which its owner recognises: « Firefox sur Windows »."""
        return device_label(context.request.META.get("HTTP_USER_AGENT", ""))

    def get_public_key_credential_user_entity(self, user):
        """What the machine shows when several people of a household have a passkey on it."""
        name = f"Agent {user.agent_reference}" if user.is_staff else user.space.display_name
        return {
            "id": user_pk_to_url_str(user).encode(),
            "name": name,
            "display_name": name,
        }
