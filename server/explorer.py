"""The explorer page: GraphiQL from our own files, since its users may be offline or behind a firewall."""

from __future__ import annotations

from html import escape
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse

STATIC = Path(__file__).parent / "static"

# Nothing from elsewhere, no inline script. GraphiQL's editor sets inline styles.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)


def wants_page(request: Request) -> bool:
    """Whether a browser asks for the page, rather than a program for an answer."""
    return (
        request.method == "GET"
        and "query" not in request.query_params
        and "text/html" in request.headers.get("accept", "")
    )


def explorer_page(token: str | None) -> HTMLResponse:
    """The page, signed in with ``token`` where there is one."""
    page = (STATIC / "explorer.html").read_text("utf-8")
    query = (STATIC / "explorer.graphql").read_text("utf-8")
    filled = page.replace("{token}", escape(token or "")).replace("{query}", escape(query))
    headers = {
        "Content-Security-Policy": _POLICY,
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return HTMLResponse(filled, headers=headers)
