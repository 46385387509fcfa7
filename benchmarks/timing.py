"""Does the portal answer a known e-mail more slowly than an unknown one? A statistical test.

`make bench-timing`, or `python -m benchmarks.timing --rounds 300 --door reset`. Never part of the
tests: it takes minutes, and a busy machine makes it lie.

The portal runs in this process with its production hashing (Argon2id), on a database of its own
that is made and erased. Each round asks every kind of address once, in an order drawn anew, so
that whatever slows the machine down slows each kind alike. Kinds are compared two by two on the
same rounds: the median of the differences, and a permutation test on their sign and size. With as
many rounds as an attacker could afford, a p-value under 1 % on a difference that a network lets
through would tell people apart.
"""

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from itertools import combinations

ADDRESSES = {
    "known": "known-01@rivemont.example",
    "fc only": "fc-alone@rivemont.example",
    "no password": "verified@rivemont.example",
    "unknown": "nobody-1@rivemont.example",
}
DOORS = {
    "sign-in": ("/connexion/", lambda email: {"login": email, "password": "faux-01"}),
    "reset": ("/mot-de-passe-oublie/", lambda email: {"email": email}),
}
# What somebody far away sees is the wall's; the processor's is what to read on a busy machine.
CLOCKS = {"wall": time.perf_counter, "cpu": time.process_time}
PERMUTATIONS = 2000
SIGNIFICANT = 0.01
# Under a twentieth of a millisecond, no attacker across a network reads a difference.
VISIBLE_SECONDS = 0.00005


def prepare(folder: str) -> None:
    """The portal in this process, as in production but for the mail, with its own database."""
    os.environ.update(
        SECRET_KEY=os.urandom(32).hex(),
        BASE_URL="http://127.0.0.1:8000",
        EMAIL_URL="memorymail://",
        FRANCECONNECT_ISSUER="http://127.0.0.1:1/api/v2",
        FRANCECONNECT_CLIENT_ID="bench",
        FRANCECONNECT_CLIENT_SECRET="bench-0123456789abcdefghijklmnopqrst",
        DJANGO_SETTINGS_MODULE="espace_citoyens.settings",
    )
    os.environ.setdefault("DATABASE_URL", f"sqlite:///{folder}/bench.sqlite3")


def fill() -> None:
    """One person of each kind; nobody has the unknown address."""
    from django.conf import settings

    from accounts.models import PersonalSpace, User
    from franceconnect.models import Link

    def person(login=None, password=None, contact=""):
        user = User.objects.create_user(login, password)
        PersonalSpace.objects.create(
            user=user, birth_family_name="PERRER", given_names=["Ines"], contact_email=contact
        )
        return user

    person(ADDRESSES["known"], "quatre chevaux au galop", ADDRESSES["known"])
    for user in (
        person(contact=ADDRESSES["fc only"]),
        person(ADDRESSES["no password"], contact=ADDRESSES["no password"]),
    ):
        issuer = settings.FRANCECONNECT["issuer"]
        Link.objects.create(issuer=issuer, sub=str(user.pk), citizen=user, level="eidas1")


def seconds_of(client, email: str, *, door: str, clock) -> float:
    """How long the portal takes to answer somebody new who types this address."""
    from django.core.cache import cache

    path, form = DOORS[door]
    client.cookies.clear()
    cache.clear()  # the limits of tries are not what is measured
    start = clock()
    response = client.post(path, form(email))
    elapsed = clock() - start
    assert response.status_code in (200, 302), response.status_code
    return elapsed


def measure(door: str, *, rounds: int, clock) -> dict[str, list[float]]:
    """Seconds by kind of address, one of each a round, interleaved at random."""
    from django.test import Client

    from accounts.models import FailedSignIn

    client = Client()
    times = {kind: [] for kind in ADDRESSES}
    for number in range(rounds + 10):
        for kind in random.sample(list(ADDRESSES), len(ADDRESSES)):
            elapsed = seconds_of(client, ADDRESSES[kind], door=door, clock=clock)
            if number >= 10:  # the first ones warm the caches up
                times[kind].append(elapsed)
        FailedSignIn.objects.all().delete()
    return times


def p_value(differences: list[float]) -> float:
    """How often chance alone, which would draw each sign, does as much (signed-rank test)."""
    order = sorted(range(len(differences)), key=lambda index: abs(differences[index]))
    ranks = [0] * len(differences)
    for rank, index in enumerate(order, start=1):
        ranks[index] = rank if differences[index] > 0 else -rank
    found = abs(sum(ranks))
    sizes = [abs(rank) for rank in ranks]
    as_much = 0
    for _ in range(PERMUTATIONS):
        signs = random.getrandbits(len(sizes))
        drawn = sum(size if signs >> index & 1 else -size for index, size in enumerate(sizes))
        as_much += abs(drawn) >= found
    return (as_much + 1) / (PERMUTATIONS + 1)


def report(door: str, times: dict[str, list[float]]) -> bool:
    """Print medians, differences and the verdict; whether no kind can be told from another."""
    rounds = len(next(iter(times.values())))
    print(f"\n{door}, {rounds} rounds")
    for kind, values in times.items():
        low, _, high = statistics.quantiles(values, n=4)
        median = statistics.median(values)
        print(
            f"  {kind:12} median {1e3 * median:8.3f} ms, quartiles {1e3 * low:.3f}-{1e3 * high:.3f}"
        )
    is_even = True
    for one, other in combinations(times, 2):
        differences = [a - b for a, b in zip(times[one], times[other], strict=True)]
        gap, p = statistics.median(differences), p_value(differences)
        told_apart = p < SIGNIFICANT and abs(gap) > VISIBLE_SECONDS
        is_even &= not told_apart
        verdict = "TOLD APART" if told_apart else "indistinguishable"
        print(f"  {one:12} - {other:12} {1e6 * gap:+8.1f} µs, p = {p:.3f}: {verdict}")
    return is_even


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--door", choices=DOORS, action="append")
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        prepare(folder)

        import django

        django.setup()
        from django.conf import settings
        from django.core.management import call_command

        settings.ALLOWED_HOSTS.append("testserver")
        settings.LOGGING_CONFIG = None
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        fill()
        doors = options.door or list(DOORS)
        results = [
            report(door, measure(door, rounds=options.rounds, clock=CLOCKS[options.clock]))
            for door in doors
        ]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
