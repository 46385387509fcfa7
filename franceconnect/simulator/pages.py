"""Pages of the simulator itself: what it is, its letter-box, the harmless report page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from franceconnect.simulator.error_pages import routed
from franceconnect.simulator.people import PASSWORD
from franceconnect.simulator.runtime import current


def platform_context(request: HttpRequest) -> dict:
    """For every template: the platform that this simulator stands for."""
    return {"platform": current().platform}


@routed("GET", "HEAD")
def home(request: HttpRequest) -> HttpResponse:
    simulator = current()
    context = {
        "configuration": simulator.configuration,
        "password": PASSWORD,
        **simulator.people.lists(),
    }
    return render(request, "home.html", context)


@routed("GET", "HEAD")
def mailbox(request: HttpRequest) -> HttpResponse:
    return render(request, "mailbox.html", {"mails": current().outbox.all()})


@routed("GET", "HEAD")
def report(request: HttpRequest) -> HttpResponse:
    """Where the button of the alert mail leads: nothing to report, nobody was impersonated."""
    return render(request, "report.html")
