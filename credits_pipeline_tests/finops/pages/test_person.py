"""Who the person is, and what that person may do."""

from base64 import b64encode

import pytest

from credits_pipeline.core.settings import SettingError
from credits_pipeline.finops.pages.door import configured_door
from credits_pipeline.finops.pages.person import Door, Role, UnknownPersonError, person_of

DOOR = Door(
    secret="the proxy alone knows",
    roles={"finance": Role.APPROVER, "everyone": Role.VIEWER, "leads": Role.EDITOR},
    teams={"leads": ("search",)},
)


def headers(**more: str) -> dict[str, str]:
    return {"X-Finops-Door": "the proxy alone knows", **more}


def test_without_a_proxy_there_is_one_local_user_with_every_right() -> None:
    person = person_of({"X-Forwarded-Email": "mallory@example.com"}, Door())
    assert (person.name, person.role, person.teams) == ("local user", Role.ADMIN, None)


@pytest.mark.parametrize("secret", ["", "guessed", "the proxy alone know", "THE PROXY ALONE KNOWS"])
def test_headers_count_only_beside_the_proxys_secret(secret: str) -> None:
    with pytest.raises(UnknownPersonError, match="did not come through the proxy"):
        person_of(
            {
                "X-Finops-Door": secret,
                "X-Forwarded-Email": "mallory@example.com",
                "X-Forwarded-Groups": "finance",
            },
            DOOR,
        )


def test_a_proxy_may_send_its_secret_as_a_password_and_no_other_password_counts() -> None:
    given = {"X-Forwarded-Email": "ann@example.com", "X-Forwarded-Groups": "finance"}

    def signed(password: str, scheme: str = "Basic") -> dict[str, str]:
        told = b64encode(f"ann@example.com:{password}".encode()).decode()
        return {**given, "Authorization": f"{scheme} {told}"}

    assert person_of(signed("the proxy alone knows"), DOOR).role is Role.APPROVER
    wrong = [
        signed("guessed"),
        signed(""),
        signed("the proxy alone knows", "Bearer"),
        {**given, "Authorization": "Basic not base64 at all"},
        {**given, "Authorization": "Basic /////w=="},
        {**given, "Authorization": ""},
    ]
    for one in wrong:
        with pytest.raises(UnknownPersonError, match="did not come through the proxy"):
            person_of(one, DOOR)


def test_the_highest_role_of_a_persons_groups_counts() -> None:
    given = {"X-Forwarded-Email": "ann@example.com", "X-Forwarded-Groups": "everyone, finance"}
    person = person_of(headers(**given), DOOR)
    assert (person.name, person.role) == ("ann@example.com", Role.APPROVER)


def test_a_person_without_a_group_that_has_a_role_stays_outside() -> None:
    given = {"X-Forwarded-Email": "bob@example.com", "X-Forwarded-Groups": "guests"}
    with pytest.raises(UnknownPersonError, match=r"no role here.*guests"):
        person_of(headers(**given), DOOR)


def test_a_request_without_a_person_is_refused() -> None:
    with pytest.raises(UnknownPersonError, match="did not say who you are"):
        person_of(headers(**{"X-Forwarded-Groups": "finance"}), DOOR)


def test_a_group_can_be_limited_to_teams_and_another_group_lifts_the_limit() -> None:
    email = {"X-Forwarded-Email": "cy@example.com"}
    limited = person_of(headers(**email, **{"X-Forwarded-Groups": "leads"}), DOOR)
    assert limited.teams == ("search",)
    lifted = person_of(headers(**email, **{"X-Forwarded-Groups": "leads,everyone"}), DOOR)
    assert lifted.teams is None


def test_a_disabled_button_says_which_role_it_needs() -> None:
    person = person_of(
        headers(**{"X-Forwarded-Email": "ann@example.com", "X-Forwarded-Groups": "everyone"}), DOOR
    )
    assert person.why_not(Role.VIEWER) == ""
    assert "needs the role editor" in person.why_not(Role.EDITOR)


def test_the_door_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINOPS_PROXY_SECRET", "s3cret")
    monkeypatch.setenv("FINOPS_ROLES", "cn=finance=approver, everyone=viewer")
    monkeypatch.setenv("FINOPS_TEAMS", "leads=search;ranking")
    door = configured_door()
    assert door.roles == {"cn=finance": Role.APPROVER, "everyone": Role.VIEWER}
    assert door.teams == {"leads": ("search", "ranking")}


@pytest.mark.parametrize(
    ("roles", "told"),
    [
        ("", "gives nobody a role"),
        ("finance=boss", "none of the roles"),
        ("finance", "GROUP=VALUE"),
    ],
)
def test_a_door_that_can_not_be_used_says_why_and_shows_no_secret(
    roles: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FINOPS_PROXY_SECRET", "s3cret")
    monkeypatch.setenv("FINOPS_ROLES", roles)
    with pytest.raises(SettingError, match=told) as error:
        configured_door()
    assert "s3cret" not in str(error.value)
