"""How gunicorn serves the portal: `gunicorn`, nothing else. It runs behind a proxy."""

import os
import shutil

wsgi_app = "espace_citoyens.wsgi"
bind = os.environ.get("WEB_BIND", "0.0.0.0:8000")  # noqa: S104 of a container; a proxy is in front
worker_class = "gthread"
# More than one needs a cache that they share (CACHE_URL): limits are counted there.
workers = int(os.environ.get("WEB_WORKERS", "1"))
threads = int(os.environ.get("WEB_THREADS", "8"))
# More than the 9 s that the exchanges of one sign-in may take, less than the proxy's patience.
timeout = 30
# A stop lets the requests in hand end; whoever stops us waits a little longer than this.
graceful_timeout = 25
# The proxy keeps its connections this long: ours outlive them, so that none closes under a request.
keepalive = 75
# Bounded memory, whatever leaks; not all at once.
max_requests, max_requests_jitter = 5000, 500
# The root file system is read-only, and a disk that hesitates must not look like a dead worker.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 its own files only
control_socket_disable = True
# Longer lines are no browser's.
limit_request_line = 8190
limit_request_fields = 64
# The proxy's log has the requests, without what a query holds (see Caddyfile).
accesslog = None
errorlog = "-"


def on_starting(server):
    """The figures of an earlier start are not this one's (espace_citoyens.metrics)."""
    if folder := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)


def child_exit(server, worker):
    """Figures of a worker that is gone are added up, not counted as living."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(worker.pid)
