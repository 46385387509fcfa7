"""A citizen signed in with FranceConnect, whose page asks other administrations for data."""

import re
from urllib.parse import urlencode

from accounts.models import JournalEntry, JournalKind
from franceconnect.data.asking import DataRequest

PAGE = "/demarche-d-essai/"
WHY = "Le tarif de la restauration scolaire dépend de votre quotient familial."
RECEIVED = "/franceconnect/donnees/recues/"
START = "/franceconnect/donnees/depart/"

SOLENE = {
    "login": "quotient_caf",
    "given_name_array": ["Solène"],
    "family_name": "TREVENEC",
    "gender": "female",
    "birthdate": "1986-05-02",
    "birthplace": "44109",
    "birthcountry": "99100",
    "email": "quotient-caf@personnes.example",
}


def text_of(response) -> str:
    """What a citizen reads of a page, no-break spaces kept."""
    text = re.sub("<[^>]+>", " ", response.content.decode()).replace("&nbsp;", "\u00a0")
    return re.sub("[ \\n\\t]+", " ", text)


def signed(*names: str, next_url: str = PAGE) -> str:
    return DataRequest(names, WHY, next_url).signed()


def asked_page(*names: str, **options: str) -> str:
    """The address of the page that asks for these data."""
    return f"/franceconnect/donnees/?{urlencode({'demande': signed(*names, **options)})}"


class Asker:
    """`traveller` is signed in as `citizen`, whom the simulator knows as `login`."""

    def __init__(self, traveller, citizen, login: str):
        self.traveller, self.citizen, self.login = traveller, citizen, login
        self.client = traveller.client

    def leaves(self, *names: str, next_url: str = PAGE) -> str:
        """Press the button; the address of FranceConnect."""
        response = self.client.post(START, {"demande": signed(*names, next_url=next_url)})
        assert response.status_code == 302, response.content
        return response["Location"]

    def asks(self, *names: str, next_url: str = PAGE):
        """There and back; the portal's page about what came."""
        url = self.leaves(*names, next_url=next_url)
        response = self.traveller.come_back(self.traveller.identify(url, self.login))
        assert (response.status_code, response.headers.get("Location")) == (302, RECEIVED)
        return self.client.get(RECEIVED)

    def uses(self):
        return self.client.post(RECEIVED, {"use": "1"})

    def types(self):
        return self.client.post(RECEIVED, {"type": "1"})

    def journal(self) -> list[tuple[str, str]]:
        """Source and outcome of each fetch, oldest first."""
        lines = JournalEntry.objects.filter(citizen=self.citizen, kind=JournalKind.DATA_FETCHED)
        return list(lines.order_by("pk").values_list("means", "code"))

    def calls(self) -> int:
        """How many times an administration was asked."""
        calls = self.traveller.simulator.calls().items()
        return sum(count for call, count in calls if "/donnees/" in call and "/token" not in call)
