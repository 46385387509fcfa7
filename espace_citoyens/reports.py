"""What leaves the process: the log, and errors where a town wants them. Used by `settings` only."""

from contextvars import ContextVar

import sentry_sdk
from django.core.exceptions import ImproperlyConfigured
from sentry_sdk.integrations.django import DjangoIntegration

current_request_id: ContextVar[str] = ContextVar("current_request_id", default="")
LINE = "%(asctime)s %(levelname)s %(name)s %(message)s"
FORMATTERS = {
    "text": {"format": LINE},
    "json": {
        "()": "pythonjsonlogger.json.JsonFormatter",
        "format": f"{LINE} %(request_id)s",
        "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
    },
}


def logging_settings(log_format: str) -> dict:
    """Django's LOGGING, on the error output; `log_format` is `text` or `json`.

    Raises ImproperlyConfigured for any other.
    """
    if log_format not in FORMATTERS:
        raise ImproperlyConfigured("LOG_FORMAT : donnez « text » ou « json ».")
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": FORMATTERS[log_format]},
        "filters": {
            "request": {"()": "django.utils.log.CallbackFilter", "callback": with_request_id}
        },
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "filters": ["request"],
            }
        },
        "root": {"handlers": ["console"], "level": "INFO"},
        # The warnings of one quote what a provider sent; the other names each passkey that it sees.
        "loggers": {"urllib3": {"level": "ERROR"}, "fido2": {"level": "WARNING"}},
    }


def start_error_reports(dsn: str) -> None:
    """Send errors to this Sentry: where in the code, never with what data, nor whose."""
    if not dsn:
        return
    sentry_sdk.init(
        dsn=dsn,
        integrations=[DjangoIntegration()],
        default_integrations=False,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        before_send=bare_event,
        # No message of the log, no query, no address of a page, no measure.
        max_breadcrumbs=0,
        traces_sample_rate=0,
    )


def bare_event(event: dict, hint: dict) -> dict:
    """Of an error, its class and the lines of code it went through, and nothing else.

    The text of an exception quotes what it refuses: an address, a name.
    """
    kept = {"event_id", "timestamp", "platform", "level", "release", "environment", "exception"}
    event = {name: value for name, value in event.items() if name in kept}
    for error in event.get("exception", {}).get("values", []):
        error.pop("value", None)
        for frame in (error.get("stacktrace") or {}).get("frames", []):
            frame.pop("vars", None)
    return event


def with_request_id(record) -> bool:
    """A filter that lets every record through, and gives it the request it is about."""
    record.request_id = current_request_id.get()
    return True
