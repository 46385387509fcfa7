"""What somebody typed in a form that came too late, until they are back."""

from django.db import models
from django.utils import timezone
from django.utils.crypto import get_random_string

from accounts.models.user import User


def new_key() -> str:
    """What the address of the page names it by: no secret, since only its owner is shown it."""
    return get_random_string(22)


class TypedForm(models.Model):
    """The fields of one form of `owner`, encrypted, for an hour at most (`accounts.typed`)."""

    key = models.CharField(max_length=22, unique=True, default=new_key, editable=False)
    owner = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="+", verbose_name="citoyen"
    )
    path = models.CharField("page", max_length=500)
    content = models.TextField("contenu chiffré")
    created_at = models.DateTimeField("créé le", default=timezone.now)

    class Meta:
        verbose_name = "saisie gardée"
        verbose_name_plural = "saisies gardées"
        indexes = [models.Index(fields=["created_at"], name="accounts_typed_by_age")]

    def __str__(self):
        return f"saisie {self.pk}"
