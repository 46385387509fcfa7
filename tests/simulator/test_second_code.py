import re

import pytest
import requests

from tests.simulator.process import TIMEOUT
from tests.simulator.relying_party import query_of
from tests.simulator.test_journey import log_in, reach_provider


@pytest.fixture
def code_page(simulator, browser, service):
    page = reach_provider(simulator, browser, service.url())
    return log_in(browser, page, second_code="1")


def read_telephone(simulator, browser):
    page = browser.get(f"{simulator.url}/telephone/", timeout=TIMEOUT)
    return re.search(r'class="digits">(\d{6})<', page.text)[1]


def send_code(browser, page, digits):
    form = {"code": digits, **query_of(page.url)}
    return browser.post(page.url, data=form, timeout=TIMEOUT)


def other_than(digits):
    return f"{(int(digits) + 1) % 10**6:06}"


def test_the_code_of_the_telephone_opens_the_confirmation(simulator, browser, code_page):
    assert "Gardez cette page ouverte" in code_page.text

    page = send_code(browser, code_page, read_telephone(simulator, browser))

    assert "Angela Claire Louise DUBOIS" in page.text
    assert "/consent" in page.url


def test_the_code_serves_once(simulator, browser, code_page):
    digits = read_telephone(simulator, browser)
    send_code(browser, code_page, digits)

    page = send_code(browser, code_page, digits)

    assert "/consent" not in page.url


def test_five_wrong_codes_end_the_attempt(simulator, browser, code_page):
    digits = read_telephone(simulator, browser)
    for left in (4, 3, 2, 1):
        page = send_code(browser, code_page, other_than(digits))
        assert f"essais restants\u00a0: {left}." in page.text

    page = send_code(browser, code_page, other_than(digits))

    assert "n’a pas été possible" in page.text
    assert "/consent" not in send_code(browser, code_page, digits).url


def test_the_code_dies_after_ten_minutes(simulator, browser, code_page):
    digits = read_telephone(simulator, browser)
    simulator.control(clock=601)

    page = send_code(browser, code_page, digits)

    assert "n’a pas été possible" in page.text


def test_another_browser_does_not_see_the_code(simulator, code_page):
    page = requests.get(f"{simulator.url}/telephone/", timeout=TIMEOUT)

    assert "Aucun code n’attend" in page.text


def test_the_code_is_not_logged(simulator, browser, code_page):
    digits = read_telephone(simulator, browser)

    assert digits not in simulator.log.read_text()
