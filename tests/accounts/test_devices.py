"""From where somebody acts, in words they recognise."""

import pytest

from accounts.devices import MAX_CHARACTERS, device_label, network_label

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:131.0) Gecko/20100101 Firefox/131.0"
CHROME = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/129.0 Mobile Safari/537.36"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
)
MAC = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Safari/605.1.15"
)


@pytest.mark.parametrize(
    ("user_agent", "label"),
    [
        (FIREFOX, "Firefox sur Windows"),
        (CHROME, "Chrome sur Android"),
        (IPHONE, "Safari sur iOS"),
        (MAC, "Safari sur macOS"),
        ("curl/8.0", "curl"),
        ("", "appareil inconnu"),
        ("<script>alert(1)</script>\x00", "appareil inconnu"),
        ("Appelez le 0899 70 70 70 urgent bot/1.0 (Windows NT 10.0)", "Windows"),
        ("evil.example/1.0 CFNetwork/1 Darwin/21", "iOS"),
        ("DEBLOQUEZ VOTRE COMPTE Spider", "appareil inconnu"),
    ],
)
def test_a_device_is_named_as_its_owner_would(user_agent, label):
    assert device_label(user_agent) == label


@pytest.mark.parametrize("user_agent", ["x" * 100_000, "Firefox/" * 50_000, "(" * 20_000])
def test_a_header_made_to_harm_costs_nothing(user_agent):
    assert len(device_label(user_agent)) <= MAX_CHARACTERS


@pytest.mark.parametrize(
    ("address", "label"),
    [
        ("90.45.12.201", "réseau 90.45.12.…"),
        ("::ffff:90.45.12.201", "réseau 90.45.12.…"),
        ("2a01:cb08:8d2:5c00::17", "réseau 2a01:cb08:8d2:…"),
        ("192.168.1.20", "réseau local"),
        ("127.0.0.1", "réseau local"),
        ("::1", "réseau local"),
        ("nonsense", ""),
        ("", ""),
    ],
)
def test_a_network_is_named_without_its_subscriber(address, label):
    assert network_label(address) == label
