"""What is encrypted at rest."""

import pytest
import time_machine

from accounts.sealed import Unreadable, seal, unseal

TEXT = "Ce que personne d’autre ne lit"


def test_what_is_sealed_is_read_for_the_same_purpose_alone():
    sealed = seal("mail", TEXT)

    assert TEXT not in sealed
    assert unseal("mail", sealed) == TEXT
    with pytest.raises(Unreadable):
        unseal("letter", sealed)


@pytest.mark.parametrize(
    "sealed", ["", "n’importe quoi", "gAAAAABm", "é" * 200, "\udc80"], ids=ascii
)
def test_what_nobody_sealed_is_unreadable(sealed):
    with pytest.raises(Unreadable):
        unseal("mail", sealed)


def test_what_was_altered_is_unreadable():
    sealed = seal("mail", TEXT)

    with pytest.raises(Unreadable):
        unseal("mail", sealed[:-12] + "AAAAAAAA" + sealed[-4:])


def test_it_may_be_read_for_a_time_only():
    with time_machine.travel("2026-11-25 08:00Z", tick=False):
        sealed = seal("mail", TEXT)
    with time_machine.travel("2026-11-25 08:01Z", tick=False):
        assert unseal("mail", sealed, max_age=60) == TEXT
    with time_machine.travel("2026-11-25 08:01:01Z", tick=False), pytest.raises(Unreadable):
        unseal("mail", sealed, max_age=60)


def test_a_replaced_key_reads_what_it_sealed_and_a_lost_one_nothing(settings):
    sealed, former = seal("mail", TEXT), settings.SECRET_KEY

    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 10, [former]
    assert unseal("mail", sealed) == TEXT
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(Unreadable):
        unseal("mail", sealed)
