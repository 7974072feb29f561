"""Secrets of this process's environment, cut out of what a library or a server says.

A store's answer may repeat the address that it was asked by, signature and all.
"""

import base64
import os
import re
from collections.abc import Mapping
from urllib.parse import quote, unquote

#: What stands for a secret.
GONE = "…"
_SECRET = re.compile(
    r"SECRET|PASSW|TOKEN|CREDENTIAL|CONNECTION_STRING|WEBHOOK|SAS|SIGNATURE|(?:^|_)P?KEY|DATABASE_URL"
)
#: Names that only say where a secret lies.
_PLACE = re.compile(r"_(?:FILE|PATH|URI|ARN|ID)$")
#: Shorter parts of a secret would match ordinary words.
_SHORTEST_PART = 4
_SHORTEST = 6
#: ``user:password@`` in an address.
_USER = re.compile(r"(?<=://)[^/@\s'\"<>]+@")
#: A signature or a token among the words of an address.
_WORD = re.compile(
    r"(?i)(?<=[?&;])((?:sig|signature|token|password|x-(?:amz|goog)-"
    r"(?:signature|security-token|credential))=)[^&\s'\"<>]+"
)


def without(text: str, *secrets: str, sign: str = "[secret]") -> str:
    """A text without any of these secrets, as they are or encoded for an address, header or login.

    A server's answer may repeat what it was sent.

    Args:
        text: what is to be shown.
        secrets: what must not be.
        sign: what stands in their place.
    """
    spellings: set[str] = set()
    for secret in secrets:
        coded = base64.b64encode(secret.encode(errors="surrogateescape")).decode().rstrip("=")
        spellings |= {secret, quote(secret), quote(secret, safe=""), unquote(secret), coded}
    for one in sorted((one for one in spellings if len(one) >= _SHORTEST_PART), key=len)[::-1]:
        text = text.replace(one, sign)
    return text


def without_secrets(text: str, environment: Mapping[str, str] | None = None) -> str:
    """The text without what the environment keeps secret, and without passwords in addresses.

    Args:
        text: what is to be shown.
        environment: of this process, unless it is given.
    """
    known = _secrets(os.environ if environment is None else environment)
    text = without(text, *known, sign=GONE)
    return _WORD.sub(rf"\g<1>{GONE}", _USER.sub(f"{GONE}@", text))


def _secrets(environment: Mapping[str, str]) -> set[str]:
    found = set()
    for name, value in environment.items():
        if _SECRET.search(name.upper()) and not _PLACE.search(name.upper()):
            # A connection string or a signed address has its secrets among other words.
            found |= {value, *re.findall(r"(?i)(?:key|sig|signature|password)=([^;&]+)", value)}
    return {one for one in found if len(one) >= _SHORTEST}
