"""What a client is opened with, checked before it is used: address, connection id, API key."""

import re
from ipaddress import ip_address

import httpx

from credits_pipeline.credits.cloudzero.errors import SettingsError

DEFAULT_BASE_URL = "https://api.cloudzero.com"


def checked_base_url(text: str) -> str:
    """The base URL in one spelling: lower-case host, no default port, no slash at the end.

    Raises:
        SettingsError: not an http(s) URL, plain http to another machine, or with a password or a
            query in it.
    """
    unread = "the base URL of CloudZero can't be read: write it as in " + DEFAULT_BASE_URL
    if not re.fullmatch(r"[\x21-\x7e]+", text.strip()):
        raise SettingsError(unread)
    try:
        url = httpx.URL(text.strip())
    except httpx.InvalidURL:
        raise SettingsError(unread) from None
    if url.scheme not in {"http", "https"} or not url.host:
        raise SettingsError(
            f"the base URL of CloudZero must begin with https://, such as {DEFAULT_BASE_URL}"
        )
    if url.userinfo or url.query or url.fragment:
        raise SettingsError(
            "the base URL of CloudZero must hold no user, password, query or fragment: the API key "
            "is a setting of its own"
        )
    if url.scheme == "http" and not _is_loopback(url.host):
        raise SettingsError(
            f"the base URL http://{url.host} would send the API key in the clear: write https://; "
            "http:// is for this machine only (127.0.0.1, ::1, localhost)"
        )
    return str(url).rstrip("/")


def checked_connection_id(text: str) -> str:
    """The connection id.

    Raises:
        SettingsError: empty, or with characters that an id never has.
    """
    if not re.fullmatch(r"[A-Za-z0-9._:-]+", text) or not text.strip("."):
        raise SettingsError(
            f"{text!r} is not a connection id: copy it from the connection's page in CloudZero"
        )
    return text


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def key_fault(api_key: str) -> str | None:
    """Why this can't be the key, or None."""
    if not api_key:
        return "the API key of CloudZero is empty: set CLOUDZERO_API_KEY"
    if re.match(r"\s*bearer\b", api_key, re.IGNORECASE):
        return "the API key of CloudZero is sent as it is: leave out 'Bearer'"
    return header_fault("API key of CloudZero", api_key)


def header_fault(name: str, value: str | None) -> str | None:
    """Why this can't be sent in a header, or None."""
    if value is None or re.fullmatch(r"[\x21-\x7e]+", value):
        return None
    return (
        f"the {name} is empty, or holds a space, a line break or another character that no key "
        "has: copy it again, without quotes or a line break at its end"
    )
