"""``/api``: the description of the service as a page, from which it can be tried."""

from __future__ import annotations

from flask import Blueprint, render_template

from cds_service.config import Settings
from cds_service.web.words import page_language


def api(settings: Settings) -> Blueprint:
    """The page; what it shows it reads from ``/openapi.json``."""
    pages = Blueprint("api", __name__, url_prefix="/api")

    @pages.get("")
    def index() -> str:
        return render_template("api.html", language=page_language(settings.language), page="api")

    return pages
