"""Nothing typed is lost: a form that comes after the end of its session is kept for its owner.

The page says whose it is (`owner_token`, which `{% csrf_token %}` adds to the forms of pages that
keep what is typed). A form that can no longer be taken is put aside, encrypted, for that person
alone; the address they come back to after sign-in names it (`PARAMETER`). The page then shows what
was typed: nothing is ever sent in somebody's place.
"""

import json
import re
from datetime import datetime, timedelta

from django import forms
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts.models import TypedForm, User
from accounts.sealed import Unreadable, seal, unseal

OWNER_FIELD = "_titulaire"
# The page whose form it is, when the browser itself sends it at the end of the session.
PAGE_FIELD = "_page"
PARAMETER = "saisie"
OWNER_PURPOSE, CONTENT_PURPOSE = "owner of a page", "what was typed"
LIFETIME = timedelta(hours=1)
MAX_BYTES = 64 * 1024
# Of one person: a few tabs.
MAX_FORMS = 5
SECRET_INPUTS = {"password", "file", "hidden"}
# A form may dress its fields once made, too late to be seen here: their names say enough.
SECRET_NAMES = re.compile(r"password|(^|_)(code|otp|token|secret|pin)(_|$)")
SECRET_PURPOSES = ("one-time-code", "current-password", "new-password", "cc-")


def kept_names(form_class: type[forms.BaseForm]) -> list[str]:
    """What the browser sends of a form that is kept: never a password, code, file or bank card.

    A form of nothing but boxes to tick holds nothing typed, and consent is given again.
    """
    fields = {n: field for n, field in form_class.base_fields.items() if _is_kept(n, field)}
    if all(isinstance(field.widget, forms.CheckboxInput) for field in fields.values()):
        return []
    return [
        name + suffix
        for name, field in fields.items()
        for suffix in getattr(field.widget, "widgets_names", [""])
    ]


def names_kept_by(match: ResolverMatch | None) -> list[str]:
    """What is kept of the form of this page; nothing out of `accounts.views.SpaceMixin`."""
    view_class = getattr(match and match.func, "view_class", None)
    return view_class.typed_fields(**match.kwargs) if hasattr(view_class, "typed_fields") else []


def owner_token(user: User) -> str:
    """Names the owner of a page to this server alone; nobody can make one for somebody else."""
    return seal(OWNER_PURPOSE, str(user.pk))


@sensitive_variables()
def keep(request: HttpRequest) -> str | None:
    """Put aside the form of this request; the address that shows it again to its owner.

    None when there is nothing to keep, or when somebody else is signed in meanwhile.
    """
    if not (token := request.POST.get(OWNER_FIELD)):
        return None
    path = request.POST.get(PAGE_FIELD) or request.path
    content, owner = _content(request, path), _owner(token)
    if content is None or owner is None or request.user.pk not in (None, owner.pk):
        return None
    encrypted = seal(CONTENT_PURPOSE, content)
    with transaction.atomic():
        row = TypedForm.objects.create(owner=owner, path=path, content=encrypted)
        forget_expired()
        newest = TypedForm.objects.filter(owner=owner).order_by("-pk").values_list("pk", flat=True)
        TypedForm.objects.filter(pk__in=list(newest[MAX_FORMS:])).delete()
    query = QueryDict(mutable=True) if path != request.path else request.GET.copy()
    query[PARAMETER] = row.key
    return f"{path}?{query.urlencode()}"


@sensitive_variables()
def restore(request: HttpRequest, form: forms.BaseForm) -> datetime | None:
    """Show in `form` what its owner typed; when that was, or None without anything to show."""
    if PARAMETER not in request.GET:
        return None
    row = TypedForm.objects.filter(
        key=request.GET[PARAMETER],
        owner=request.user,
        path=request.path,
        created_at__gt=timezone.now() - LIFETIME,
    ).first()
    values = row and _opened(row.content)
    if values is None:
        return None
    for name, field in form.fields.items():
        if _is_kept(name, field) and not field.disabled:
            _show(form, name, values)
    return row.created_at


def forget(request: HttpRequest) -> None:
    """The form was sent for good: what was put aside for this page goes."""
    if request.user.is_authenticated:
        TypedForm.objects.filter(owner=request.user, path=request.path).delete()


def forget_expired() -> None:
    """Erase what nobody came back for in an hour."""
    expired().delete()


def expired() -> QuerySet[TypedForm]:
    """What is shown to nobody any more."""
    return TypedForm.objects.filter(created_at__lte=timezone.now() - LIFETIME)


def _is_kept(name: str, field: forms.Field) -> bool:
    widgets = getattr(field.widget, "widgets", [field.widget])
    purpose = field.widget.attrs.get("autocomplete", "")
    if SECRET_NAMES.search(name) or purpose.startswith(SECRET_PURPOSES):
        return False
    return not any(getattr(widget, "input_type", "") in SECRET_INPUTS for widget in widgets)


def _show(form: forms.BaseForm, name: str, values: QueryDict) -> None:
    widget, sent_as = form.fields[name].widget, form.add_prefix(name)
    if not widget.value_omitted_from_data(values, {}, sent_as):
        form.initial[name] = widget.value_from_datadict(values, {}, sent_as)


def _content(request: HttpRequest, path: str) -> str | None:
    """The fields of the page at `path` that may be kept, as JSON; None for none, or too much."""
    try:
        names = names_kept_by(resolve(path))
    except Resolver404:
        return None
    values = {name: request.POST.getlist(name) for name in names if name in request.POST}
    content = json.dumps(values)
    return content if values and len(content) <= MAX_BYTES and len(path) <= 500 else None


def _owner(token: str) -> User | None:
    """Whom the page was made for, at most as long ago as a session and what is kept can last."""
    lifetime = settings.SESSION_COOKIE_AGE + int(LIFETIME.total_seconds())
    try:
        user_id = unseal(OWNER_PURPOSE, token, max_age=lifetime)
    except Unreadable:
        return None
    return User.objects.filter(pk=user_id, is_active=True, is_staff=False).first()


def _opened(content: str) -> QueryDict | None:
    try:
        values = json.loads(unseal(CONTENT_PURPOSE, content))
    except Unreadable:  # SECRET_KEY has changed
        return None
    query = QueryDict(mutable=True)
    for name, items in values.items():
        query.setlist(name, items)
    return query
