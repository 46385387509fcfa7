"""Which two spaces may be made one, and which merge taken back: the rules, and their words."""

from importlib import import_module

from django.conf import settings
from django.utils import timezone

from accounts.credentials import has_local_way_in, passkeys_of, provider_ways_in
from accounts.merge_plan import FIRST, SECOND, Plan
from accounts.models import Duplicate, Merge, PersonalSpace, Provenance, User
from accounts.names import folded
from accounts.second_factor import has_app

REFUSALS = {
    "agent": "L’un de ces espaces est celui d’un agent. Il ne peut pas être réuni à un autre.",
    "blocked": (
        "L’accès à l’un de ces espaces est bloqué, ou il est déjà réuni à un autre. Réglez d’abord "
        "ce point depuis son dossier."
    ),
    "deletion": (
        "La suppression de l’un de ces espaces est demandée. Attendez que son titulaire "
        "l’annule, ou laissez-la aller à son terme."
    ),
    "two_persons": (
        "Une même plateforme d’identité connaît deux personnes différentes derrière ces espaces. "
        "Ce ne sont pas des doublons : écartez-les."
    ),
    "certified_differ": (
        "Ces deux identités sont certifiées, et elles diffèrent. Écartez ce doublon, ou faites "
        "d’abord corriger l’état civil."
    ),
    "unchecked": (
        "L’identité de l’un de ces espaces n’est ni certifiée ni vérifiée en mairie. Vérifiez-la "
        "au guichet, depuis son dossier, puis revenez."
    ),
    "no_way_in": ("Rien n’ouvrirait plus l’espace que vous voulez garder. Gardez l’autre."),
    "weaker_door": (
        "L’espace que vous voulez garder s’ouvre par un simple mot de passe, l’autre est mieux "
        "protégé (double authentification ou clé d’accès). Gardez l’autre."
    ),
    "changed": (
        "L’un des deux espaces a changé depuis l’aperçu. Relisez le nouveau résultat, puis "
        "confirmez."
    ),
    "too_late": "Les sept jours sont passés : cette réunion ne peut plus être annulée.",
    "undone": "Cette réunion est déjà annulée.",
    "newer": (
        "L’un de ces espaces a été réuni à un autre depuis. Annulez d’abord cette réunion-là."
    ),
    "no_way_in_after": (
        "Un moyen d’entrer a disparu depuis la réunion : l’un des deux espaces ne s’ouvrirait "
        "plus. Rétablissez d’abord un accès, au guichet."
    ),
    "unreadable": (
        "Ce qui permettait d’annuler ne peut plus être lu : la clé du portail a changé. Prévenez "
        "la personne qui l’administre."
    ),
}


class MergeRefused(Exception):
    """A merge, or its undoing, that the rules refuse; `user_message` is for the agent."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code, self.user_message = code, REFUSALS[code]


def providers():
    """The module of the identity providers' links (PROVIDER_MERGING)."""
    return import_module(settings.PROVIDER_MERGING)


def refusal_of(plan: Plan) -> str:
    """The first rule that this plan breaks, a key of REFUSALS; an empty text when none does."""
    return _refusal_of_people(plan.survivor, plan.absorbed) or _refusal_of_doors(
        plan.survivor.user, plan.absorbed.user
    )


def _refusal_of_people(one: PersonalSpace, other: PersonalSpace) -> str:
    """Who these are: one person, whom somebody has checked, and who may come in."""
    spaces, users = (one, other), (one.user, other.user)
    rules = (
        ("agent", any(user.is_staff for user in users)),
        ("blocked", not all(user.is_active for user in users)),
        ("deletion", any(space.deletion_asked_at for space in spaces)),
        ("two_persons", providers().two_persons(*users)),
        ("certified_differ", all(s.is_certified for s in spaces) and _are_others(one, other)),
        ("unchecked", not all(is_checked(space) for space in spaces)),
    )
    return next((code for code, is_broken in rules if is_broken), "")


def _refusal_of_doors(survivor: User, absorbed: User) -> str:
    """What would open the result: something, and nothing weaker than before."""
    if not opens([survivor, absorbed], by=survivor) and opens([absorbed], by=absorbed):
        return "no_way_in"
    is_weaker = survivor.has_password_door and not is_protected(survivor)
    is_stronger = is_protected(absorbed) or (
        not absorbed.has_password_door and passkeys_of(absorbed).exists()
    )
    return "weaker_door" if is_weaker and is_stronger else ""


def is_checked(space: PersonalSpace) -> bool:
    """Whether an agent has seen the papers of its owner, or an identity provider certifies it."""
    return space.identity_provenance != Provenance.DECLARED or space.identity_checked_at is not None


def is_set_aside(user: User) -> bool:
    """Whether this citizen's space was made part of another: nothing but an undo opens it again."""
    return Merge.objects.filter(absorbed__user=user).exists()


def _are_others(one: PersonalSpace, other: PersonalSpace) -> bool:
    """Two civil registers do not write one person so differently."""
    return (
        folded(one.birth_family_name) != folded(other.birth_family_name)
        or folded(one.first_given_name) != folded(other.first_given_name)
        or one.birthdate_text != other.birthdate_text
    )


def opens(tied: list[User], *, by: User) -> bool:
    """Whether a space opens that has the doors of `by`, and the ties of all of `tied`."""
    ties = provider_ways_in(User.objects.filter(pk__in=[user.pk for user in tied]))
    return bool(ties) or has_local_way_in(by)


def is_protected(user: User) -> bool:
    """Whether a second factor follows the password of this space."""
    return user.wants_email_code or has_app(user)


def best_survivor(duplicate: Duplicate) -> str:
    """The side that has more ways in of its own, which cannot come over; else the latest used."""

    def weight(space: PersonalSpace):
        user = space.user
        doors = user.has_password_door + passkeys_of(user).count()
        return is_protected(user), doors, user.last_login or user.date_joined

    return SECOND if weight(duplicate.second) > weight(duplicate.first) else FIRST


def refusal_to_undo(made: Merge) -> str:
    """Why this merge may not be undone now, a key of REFUSALS; an empty text when it may."""
    survivor = made.survivor
    later = Merge.objects.filter(survivor=survivor, pk__gt=made.pk)
    rules = (
        ("too_late", timezone.now() >= made.undo_until),
        ("agent", survivor.user.is_staff or made.absorbed.user.is_staff),
        ("newer", later.exists() or is_set_aside(survivor.user)),
        ("blocked", not survivor.user.is_active),
    )
    return next((code for code, is_broken in rules if is_broken), "")
