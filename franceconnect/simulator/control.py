"""The control with which tests make the simulator misbehave; it exists only with ``--control``.

``GET /_control/`` tells the state: faults left, calls by path, clock offset.
``POST /_control/`` takes a JSON object with any of:
    ``faults``       a list, consumed in order, place by place (see below);
    ``clock``        seconds added to the simulator's time;
    ``rotate_keys``  true: new keys under new names, the old ones leave the key set;
    ``reset_calls``  true: the counts start again from nothing;
    ``jwks``         a key set: FranceConnect+ encrypts with it for every service, whatever they
                     publish; null: each one's own again, fetched anew.
``DELETE /_control/`` forgets faults, calls, sessions, mails, added people and
key sets of services.
``POST /_control/person`` adds or replaces one person (the shape of ``people.json``).
``GET /_control/mails`` lists the alert mails: recipient, subject, text.

A fault is ``{"at": place, "times": 1}`` (``null``: always) and members of its place:
    token, userinfo, jwks, discovery, data (whichever administration): ``status``, ``body`` (raw
        text), ``headers``, ``members`` (JSON members replaced, or removed by null), ``delay``
        (seconds before answering), ``drip`` (seconds between bytes), ``cut`` (connection closed),
        ``size`` (bytes added);
    id_token, userinfo_token: ``claims`` (replaced), ``remove`` (a list), ``header`` (replaced),
        ``shift`` (seconds added to iat, exp and auth_time), ``raw`` (instead of the token),
        ``signing``: other_key, broken, missing, none, secret_hs256, public_key_hs256, ES256 or
        RS256; and where tokens are encrypted
        ``encryption``: missing (the signed token alone), other_key (under the right kid),
        broken, not_signed (bare claims instead of a signed token),
        ``encryption_header`` (replaced in the JWE header, or removed by null: kid, cty, zip,
        and alg or enc, really used where the service's key allows it),
        ``payload`` (text encrypted instead of the signed token);
    callback: ``parameters`` (replaced, or removed by null);
    grant: ``remove``, a list of scopes that the access token does not open after all.
"""

import json

from django.http import Http404, HttpRequest, JsonResponse

from franceconnect.simulator.error_pages import routed
from franceconnect.simulator.faults import InvalidFault
from franceconnect.simulator.people import InvalidPerson, person_from
from franceconnect.simulator.runtime import Simulator, current

ORDERS = frozenset({"faults", "clock", "rotate_keys", "reset_calls", "jwks"})


def _controlled() -> Simulator:
    simulator = current()
    if not simulator.configuration.control:
        raise Http404
    return simulator


@routed("GET", "POST", "DELETE")
def control(request: HttpRequest) -> JsonResponse:
    simulator = _controlled()
    if request.method == "DELETE":
        simulator.reset()
    if request.method == "POST":
        try:
            _obey(simulator, _read_json(request))
        except (ValueError, TypeError) as error:
            return JsonResponse({"error": str(error)}, status=400)
    return JsonResponse(
        {
            "faults": simulator.faults.pending(),
            "calls": simulator.calls.counts(),
            "clock": simulator.clock.offset,
        }
    )


def _read_json(request: HttpRequest) -> dict:
    """A JSON object, announced as such: a plain form of a strange site cannot send one."""
    if request.content_type != "application/json":
        raise ValueError("the content type must be application/json")
    document = json.loads(request.body)
    if not isinstance(document, dict):
        raise TypeError("a JSON object is expected")
    return document


def _obey(simulator: Simulator, orders: dict) -> None:
    if unknown := set(orders) - ORDERS:
        raise InvalidFault(f"unknown orders: {sorted(unknown)}")
    simulator.faults.add(orders.get("faults", []))
    if "jwks" in orders:
        simulator.service_keys.replace(orders["jwks"])
    simulator.clock.offset = float(orders.get("clock", simulator.clock.offset))
    if orders.get("rotate_keys"):
        simulator.keys.rotate()
    if orders.get("reset_calls"):
        simulator.calls.clear()


@routed("POST")
def control_person(request: HttpRequest) -> JsonResponse:
    simulator = _controlled()
    try:
        person = person_from(_read_json(request), simulator.platform)
    except (InvalidPerson, ValueError, TypeError) as error:
        return JsonResponse({"error": str(error)}, status=400)
    simulator.people.put(person)
    return JsonResponse({"login": person.login})


@routed("GET")
def control_mails(request: HttpRequest) -> JsonResponse:
    mails = [
        {"recipient": mail.recipient, "subject": mail.subject, "text": mail.text}
        for mail in _controlled().outbox.all()
    ]
    return JsonResponse({"mails": mails})
