"""How people come in, from the environment: the proxy's secret, roles and limits by group."""

from credits_pipeline.core.settings import SettingError
from credits_pipeline.finops.pages.person import Door, Role
from credits_pipeline.finops.pages.variables import PROXY_SECRET, ROLES, TEAMS


def configured_door() -> Door:
    """How people come in here.

    Raises:
        SettingError: a variable can't be used.
    """
    secret = PROXY_SECRET.text()
    roles = ROLES.read(_roles)
    if secret and not roles:
        raise SettingError(
            "FINOPS_PROXY_SECRET is set, and FINOPS_ROLES gives nobody a role. Set it, such as "
            "FINOPS_ROLES=finance=admin,everyone=viewer."
        )
    return Door(secret=secret, roles=roles, teams=TEAMS.read(_teams))


def _pairs(text: str) -> list[tuple[str, str]]:
    found = []
    for part in filter(None, (one.strip() for one in text.split(","))):
        group, sign, value = part.rpartition("=")
        if not sign or not group.strip() or not value.strip():
            raise ValueError(f"{part!r} is not GROUP=VALUE")
        found.append((group.strip(), value.strip()))
    return found


def _roles(text: str) -> dict[str, Role]:
    known = {role.name.lower(): role for role in Role}
    found = {}
    for group, name in _pairs(text):
        if name.lower() not in known:
            raise ValueError(f"{name!r} is none of the roles {', '.join(known)}")
        found[group] = known[name.lower()]
    return found


def _teams(text: str) -> dict[str, tuple[str, ...]]:
    return {
        group: tuple(team.strip() for team in value.split(";") if team.strip())
        for group, value in _pairs(text)
    }
