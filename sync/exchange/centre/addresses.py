"""Where the centre's pages are. Pure."""

from datetime import date
from urllib.parse import quote

BASE = "/centre"
ENTRANCE, STYLE = f"{BASE}/login", f"{BASE}/style.css"
COOKIE = "centre_session"


def school_path(code: str, exam_date: date, more: str = "") -> str:
    """The address of a school's day."""
    return f"{BASE}/schools/{quote(code, safe='')}/{exam_date.isoformat()}{more}"
