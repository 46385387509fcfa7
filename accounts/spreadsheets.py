"""Files that a spreadsheet opens, in French and with a double click."""

import csv
from collections.abc import Iterable

from django.http import HttpResponse

BYTE_ORDER_MARK = "\ufeff"  # Without it, Excel misreads accents.
# A spreadsheet takes a cell that starts so for a formula (OWASP: CSV injection).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_response(name: str, rows: Iterable[list[str]]) -> HttpResponse:
    """The file of these rows, to be saved under this name; no cell of it is a formula."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.write(BYTE_ORDER_MARK)
    writer = csv.writer(response, delimiter=";")
    writer.writerows([_inert(cell) for cell in row] for row in rows)
    return response


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
