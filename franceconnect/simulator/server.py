"""The process that serves the simulator: one worker, a few threads, memory shared by all."""

import errno
import os
import socket

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver
from gunicorn.app.base import BaseApplication

from franceconnect.simulator.configuration import ConfigurationError

THREADS = 8


def listen(host: str, port: int) -> socket.socket:
    """Take the port; raises ``ConfigurationError`` when somebody else has it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        cause = "est déjà pris" if error.errno == errno.EADDRINUSE else "ne peut pas être ouvert"
        raise ConfigurationError(
            f"Le port {port} de {host} {cause}. "
            "Arrêtez le programme qui l’occupe, ou choisissez un autre port avec --port."
        ) from error


class SimulatorServer(BaseApplication):
    """gunicorn inside this process; state lives in its only worker."""

    def __init__(self, listener: socket.socket):
        self.listener = listener
        super().__init__()

    def load_config(self):
        options = {
            "bind": f"fd://{self.listener.detach()}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": THREADS,
            "keepalive": 5,
            "timeout": 120,
            "graceful_timeout": 1,
            "loglevel": "error",
            "control_socket_disable": True,
            # The DGFiP's gateway has a header with an underscore, which gunicorn drops unless told.
            "header_map": "dangerous",
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self):
        application = get_wsgi_application()
        get_resolver().url_patterns  # noqa: B018 - loads every view now, not at the first call
        return application


def serve(listener: socket.socket) -> None:
    """Serve until SIGTERM or Ctrl-C; leaves the process by ``SystemExit``."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "franceconnect.simulator.settings"
    SimulatorServer(listener).run()
