"""People of the tests: all fictional."""

import datetime

from allauth.account.models import EmailAddress

from accounts.models import PersonalSpace, User

PASSWORD = "quatre chevaux au galop"


def make_citizen(email: str | None = "ines.perrer@rivemont.example", **space_fields) -> User:
    """A citizen with a space like Ines's, changed by `space_fields`.

    With an e-mail: it is verified, and `PASSWORD` opens the space. Without: nothing local does.
    """
    user = User.objects.create_user(email, PASSWORD if email else None)
    if email:
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    values = {
        "birth_family_name": "PERRER",
        "given_names": ["Ines"],
        "birthdate": datetime.date(1985, 4, 12),
        "birthdate_text": "1985-04-12",
        "contact_email": email or "",
        "street": "10 avenue Victor Hugo",
        "postcode": "44000",
        "city": "Nantes",
    }
    PersonalSpace.objects.create(user=user, **values | space_fields)
    return user


def make_agent(email: str = "agent@rivemont.example", **fields) -> User:
    """An agent of the town hall with every right, and no personal space."""
    return User.objects.create_superuser(email, PASSWORD, **fields)
