"""Who is looking, and what that person may do and see.

Behind a proxy the person comes from its headers, which count only together with the secret that
only the proxy knows. Without a proxy there is one local user with all permissions, on loopback
only.
"""

import hmac
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum


class Role(IntEnum):
    """What a person may do; each role may do what the previous ones may."""

    VIEWER = 1
    EDITOR = 2
    APPROVER = 3
    ADMIN = 4


@dataclass(frozen=True)
class Person:
    """Who is looking.

    Attributes:
        name: as in the log of decisions.
        role: what the person may do.
        teams: the teams whose spend the person sees; None for all.
    """

    name: str
    role: Role
    teams: tuple[str, ...] | None = None

    def may(self, role: Role) -> bool:
        """Whether the person has at least this role."""
        return self.role >= role

    def why_not(self, role: Role) -> str:
        """Why a button is disabled; empty if it is not."""
        if self.may(role):
            return ""
        return (
            f"You are signed in as {self.name} with the role {self.role.name.lower()}; this needs "
            f"the role {role.name.lower()}."
        )


class UnknownPersonError(Exception):
    """The request does not say who is looking; the message says what is missing."""


@dataclass(frozen=True)
class Door:
    """How people get access.

    Attributes:
        secret: what the proxy sends with every request; empty without a proxy.
        roles: the role of each group of the proxy.
        teams: the teams that members of a group are limited to.
        local_name: the only user without a proxy.
    """

    secret: str = ""
    roles: Mapping[str, Role] | None = None
    teams: Mapping[str, tuple[str, ...]] | None = None
    local_name: str = "local user"


#: Headers that the proxy sets, in lower case.
SECRET_HEADER = "x-finops-door"  # noqa: S105 - a name
NAME_HEADERS = ("x-forwarded-email", "x-forwarded-user", "x-forwarded-preferred-username")
GROUPS_HEADER = "x-forwarded-groups"
NOT_THROUGH_PROXY = (
    "This request did not come through the proxy that says who you are. Open the address of the "
    "proxy."
)


def person_of(headers: Mapping[str, str], door: Door) -> Person:
    """The person that a request comes from.

    Args:
        headers: of the request, in any case.
        door: how people get access; a proxy that can't send its own headers sends the secret as
            the password of HTTP's basic authentication, as oauth2-proxy does.

    Raises:
        UnknownPersonError: the request did not come through the proxy, names nobody, or names
            somebody without a role.
    """
    if not door.secret:
        return Person(door.local_name, Role.ADMIN)
    lower = {name.lower(): value for name, value in headers.items()}
    if not is_from_proxy(lower, door.secret):
        raise UnknownPersonError(NOT_THROUGH_PROXY)
    name = next((lower[header] for header in NAME_HEADERS if lower.get(header)), "")
    if not name:
        raise UnknownPersonError("The proxy did not say who you are. Sign in there first.")
    groups = [group.strip() for group in lower.get(GROUPS_HEADER, "").split(",") if group.strip()]
    roles = [role for group in groups if (role := (door.roles or {}).get(group)) is not None]
    if not roles:
        raise UnknownPersonError(
            f"{name} has no role here. None of these groups has one: {', '.join(groups) or 'none'}."
        )
    limits = [(door.teams or {}).get(group) for group in groups if group in (door.roles or {})]
    if any(limit is None for limit in limits):
        return Person(name, max(roles))
    allowed = tuple(sorted({team for limit in limits for team in limit or ()}))
    return Person(name, max(roles), allowed)


def is_from_proxy(headers: Mapping[str, str], secret: str) -> bool:
    """Whether a request brings the proxy's secret.

    Args:
        headers: of the request, by name in lower case.
        secret: what the proxy alone knows.
    """
    given = headers.get(SECRET_HEADER, "") or _password(headers.get("authorization", ""))
    return hmac.compare_digest(given.encode(), secret.encode())


def _password(authorization: str) -> str:
    """Of HTTP's basic authentication; empty where there is none."""
    scheme, _, told = authorization.partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return b64decode(told.strip(), validate=True).decode().partition(":")[2]
    except ValueError:
        return ""
