"""Answers of the endpoints made wrong, late, endless or cut, as the control asked."""

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse

from franceconnect.simulator.runtime import current

FILLER = b" " * 65536


def misbehaves(place: str):
    """Let the next fault queued for this place change the view's answer."""

    def decorate(view):
        @wraps(view)
        def answered(request: HttpRequest, *args, **kwargs):
            fault = current().faults.take(place)
            if not fault:
                return view(request, *args, **kwargs)
            time.sleep(fault.get("delay", 0))
            if fault.get("cut"):
                return _cut(request)
            return _changed(view(request, *args, **kwargs), fault)

        return answered

    return decorate


def _cut(request: HttpRequest) -> HttpResponse:
    """Close the connection before a single byte of answer."""
    with contextlib.suppress(OSError):
        request.environ["gunicorn.socket"].shutdown(socket.SHUT_RDWR)
    return HttpResponse()


def _changed(response: HttpResponse, fault: dict[str, Any]) -> HttpResponse:
    body = response.content
    if "body" in fault:
        body = fault["body"].encode()
    elif "members" in fault:
        body = _with_members(body, fault["members"])
    headers = {**response.headers, **fault.get("headers", {})}
    status = fault.get("status", response.status_code)
    if "size" in fault:
        return _streamed(_huge(body, fault["size"]), status, headers)
    if "drip" in fault:
        return _streamed(_drops(body, fault["drip"]), status, headers)
    return HttpResponse(body, status=status, headers=headers)


def _with_members(body: bytes, members: dict[str, Any]) -> bytes:
    """The JSON answer with members added or replaced; ``null`` takes a member away."""
    document = json.loads(body) | members
    kept = {name: value for name, value in document.items() if value is not None}
    return json.dumps(kept).encode()


def _streamed(chunks: Iterator[bytes], status: int, headers: dict) -> StreamingHttpResponse:
    headers = {name: value for name, value in headers.items() if name.lower() != "content-length"}
    return StreamingHttpResponse(chunks, status=status, headers=headers)


def _huge(body: bytes, size: int) -> Iterator[bytes]:
    yield body
    for _ in range(size // len(FILLER) + 1):
        yield FILLER


def _drops(body: bytes, seconds: float) -> Iterator[bytes]:
    for position in range(len(body)):
        yield body[position : position + 1]
        time.sleep(seconds)
