"""The portal with one more page: one that asks for data, as a démarche will."""

from django.http import HttpResponse
from django.template import engines
from django.urls import path

from espace_citoyens import urls
from franceconnect.services import request_data_url, take_data
from tests.franceconnect.data_journey import PAGE, WHY

TEMPLATE = """
{% extends "base.html" %}
{% block title %}Démarche{% endblock %}
{% block content %}
  <h1>Démarche</h1>
  {% if data is None %}<p>Rien n’a été décidé.</p>{% endif %}
  {% for datum in data %}
    {% for value in datum.values %}
      <p>{{ datum.name }} {{ datum.period }} {{ datum.provenance }} : {{ value.text }}</p>
    {% endfor %}
  {% empty %}<p>Saisie à la main.</p>{% endfor %}
  <p><a href="{{ ask_url }}">Demander à l’administration</a></p>
{% endblock %}
"""


def procedure(request):
    names = request.GET.get("noms", "quotient_familial").split(",")
    data = take_data(request)
    ask_url = request_data_url(names, why=WHY, next_url=request.get_full_path())
    context = {"data": data, "ask_url": ask_url}
    return HttpResponse(engines["django"].from_string(TEMPLATE).render(context, request))


urlpatterns = [*urls.urlpatterns, path(PAGE.strip("/") + "/", procedure, name="procedure")]
