"""The alert mail, sent when an identity signs in from a device that did not know it."""

import secrets
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core import signing
from django.core.mail import EmailMultiAlternatives, get_connection
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

DEVICE_COOKIE = "fc_trusted_device"
DEVICE_LIFETIME = 90 * 24 * 60 * 60
MOST_IDENTITIES = 3
MOST_TRUSTED = 2
PARIS = ZoneInfo("Europe/Paris")


@dataclass(frozen=True)
class SentMail:
    recipient: str
    subject: str
    text: str
    sent_at: datetime


@dataclass(frozen=True)
class Device:
    """A browser, and fingerprints of the people who signed in with it, the first ones trusted."""

    device_id: str
    identities: tuple[str, ...] = ()

    def trusts(self, fingerprint: str) -> bool:
        return fingerprint in self.identities[:MOST_TRUSTED]

    def with_identity(self, fingerprint: str) -> "Device":
        if fingerprint in self.identities:
            return self
        return Device(self.device_id, (*self.identities, fingerprint)[:MOST_IDENTITIES])


class Outbox:
    """The mails of this process, latest first, for the letter-box page."""

    def __init__(self):
        self._mails: deque[SentMail] = deque(maxlen=50)

    def add(self, mail: SentMail) -> None:
        self._mails.appendleft(mail)

    def all(self) -> list[SentMail]:
        return list(self._mails)

    def clear(self) -> None:
        self._mails.clear()


def read_device(request: HttpRequest, simulator) -> Device:
    """The device of the signed cookie, or a new one that trusts nobody."""
    signed = request.COOKIES.get(simulator.platform.cookie(DEVICE_COOKIE), "")
    try:
        device_id = signing.Signer(salt=DEVICE_COOKIE).unsign(signed)
    except signing.BadSignature:
        device_id = secrets.token_urlsafe(32)
    return simulator.store.trusted_devices.get(device_id) or Device(device_id)


def remember_identity(response: HttpResponse, device: Device, fingerprint: str, simulator) -> None:
    """Add the identity to the device, and renew its cookie for ninety days."""
    known = device.with_identity(fingerprint)
    simulator.store.trusted_devices.put(known.device_id, known)
    response.set_cookie(
        simulator.platform.cookie(DEVICE_COOKIE),
        signing.Signer(salt=DEVICE_COOKIE).sign(known.device_id),
        max_age=DEVICE_LIFETIME,
        httponly=True,
        secure=simulator.configuration.is_https,
        samesite="Lax",
    )


def fingerprint_of(identity) -> str:
    return sha256(identity.fingerprint().encode()).hexdigest()


def send_alert(simulator, *, identity, service_name: str, provider_name: str) -> None:
    """Write the alert to the mail folder, if there is one, and to the outbox."""
    sent_at = datetime.fromtimestamp(simulator.clock.now(), tz=UTC).astimezone(PARIS)
    context = {
        "full_name": identity.full_name,
        "platform": simulator.platform,
        "service_name": service_name,
        "provider_name": provider_name,
        "date": sent_at.strftime("%d/%m/%Y"),
        "time": sent_at.strftime("%H:%M"),
        "identification_code": secrets.token_hex(4).upper(),
        "report_url": f"{simulator.configuration.base_url}/signalement/",
    }
    subject = f'Alerte de connexion au service "{service_name}" avec {simulator.platform.label}'
    text = render_to_string("mail/alert.txt", context)
    simulator.outbox.add(SentMail(identity.email, subject, text, sent_at))
    if simulator.configuration.mail_folder and identity.email:
        message = EmailMultiAlternatives(
            subject,
            text,
            settings.DEFAULT_FROM_EMAIL,
            [identity.email],
            connection=get_connection(
                "django.core.mail.backends.filebased.EmailBackend",
                file_path=simulator.configuration.mail_folder,
            ),
        )
        message.attach_alternative(render_to_string("mail/alert.html", context), "text/html")
        message.send()
