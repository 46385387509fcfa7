"""From where somebody acts, in words they recognise; nothing outside this machine is asked."""

import ipaddress

from allauth.core.internal.httpkit import HTTP_USER_AGENT_MAX_LENGTH
from ua_parser import parse

MAX_CHARACTERS = 60
UNKNOWN_DEVICE = "appareil inconnu"
LOCAL_NETWORK = "réseau local"
UNKNOWN_NETWORK = "0.0.0.0"  # noqa: S104 no address to listen to
LOOPBACK_NETWORK = "127.0.0.0"
# What a label may say. The header is whoever's it is, and its owner reads the label: a stranger who
# fails to sign in with "Appelez le 08… bot" must not speak to them from a page of the town's.
BROWSERS = {
    name: name
    for name in (
        *("Amazon Silk", "Brave", "Chrome", "Chromium", "curl", "DuckDuckGo", "Edge", "Epiphany"),
        *("Facebook", "Falkon", "Firefox", "Firefox Focus", "Google", "HeadlessChrome", "IE"),
        *("Instagram", "Konqueror", "Opera", "PaleMoon", "QQ Browser", "Qwant", "Safari"),
        *("Samsung Internet", "SeaMonkey", "Snapchat", "UC Browser", "Vivaldi", "Yandex Browser"),
    )
}
BROWSERS |= {
    "Chrome WebView": "Chrome",
    "Chrome iOS": "Chrome",
    "DuckDuckGo Browser": "DuckDuckGo",
    "Firefox iOS": "Firefox",
    "Huawei Browser": "Huawei",
    "MiuiBrowser": "Xiaomi",
    "Safari UI/WKWebView": "Safari",
}
SYSTEMS = {
    name: name
    for name in (
        *("Android", "Chrome OS", "Debian", "Fedora", "FreeBSD", "HarmonyOS", "KaiOS", "Linux"),
        *("OpenBSD", "Tizen", "Ubuntu", "Windows", "Windows Phone", "iOS"),
    )
}
SYSTEMS |= {"Mac OS X": "macOS"}
# What an address says of a network, without its subscriber: the provider's block.
IPV4_BITS, IPV6_BITS = 24, 48


def device_label(user_agent: str) -> str:
    """The browser and the system of a `User-Agent` header: « Firefox sur Windows »."""
    found = parse(user_agent[:HTTP_USER_AGENT_MAX_LENGTH])
    family = found.user_agent.family if found.user_agent else ""
    browser = BROWSERS.get(" ".join(family.replace("Mobile", "").split()), "")
    system = SYSTEMS.get(found.os.family, "") if found.os else ""
    if browser and system:
        return f"{browser} sur {system}"[:MAX_CHARACTERS]
    return (browser or system or UNKNOWN_DEVICE)[:MAX_CHARACTERS]


def network_of(address: str) -> str:
    """The address of the network that holds an IP address, to store in its place.

    A whole address is a personal datum, and says no more to its owner (CNIL: minimisation).
    UNKNOWN_NETWORK for what is no address.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return UNKNOWN_NETWORK
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    if parsed.is_loopback:
        return LOOPBACK_NETWORK
    bits = IPV4_BITS if parsed.version == 4 else IPV6_BITS
    return str(ipaddress.ip_network((parsed, bits), strict=False).network_address)


def network_label(address: str) -> str:
    """The network of an IP address, its last part left out; empty for what is no address.

    The same for what `network_of` gives.
    """
    network = ipaddress.ip_address(network_of(address))
    if network.is_unspecified:
        return ""
    if network.is_private:
        return LOCAL_NETWORK
    if network.version == 4:
        return f"réseau {str(network).removesuffix('.0')}.…"
    return f"réseau {str(network).removesuffix('::')}:…"
