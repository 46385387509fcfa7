"""What a page asks for: signed by us, since it goes through an address that anybody can write."""

from dataclasses import asdict, dataclass
from urllib.parse import urlencode

from django.core import signing
from django.urls import reverse

from accounts.sessions import is_local_path
from franceconnect.data import catalogue

SALT = "franceconnect.data"
# The parameter of an address and the field of a form that carry it.
DEMAND = "demande"


@dataclass(frozen=True)
class DataRequest:
    """`names` of the catalogue, `why` as the citizen reads it, `next_url` the page that asks."""

    names: tuple[str, ...]
    why: str
    next_url: str

    def signed(self) -> str:
        """For an address or a form: nothing personal is in it. `read_request` opens it."""
        return signing.dumps(asdict(self), salt=SALT, compress=True)

    @property
    def page_url(self) -> str:
        """The page that explains it, and leaves for FranceConnect."""
        return f"{reverse('franceconnect:data_request')}?{urlencode({DEMAND: self.signed()})}"

    @property
    def is_offered(self) -> bool:
        """Whether every datum of it may be asked here."""
        return bool(self.names) and set(self.names) <= set(catalogue.offered())


def read_request(signed: str) -> DataRequest | None:
    """The request that we signed; None for any other text, or what is not offered any more."""
    try:
        values = signing.loads(signed, salt=SALT)
    except signing.BadSignature:
        return None
    request = DataRequest(**values | {"names": tuple(values["names"])})
    return request if request.is_offered and is_local_path(request.next_url) else None
