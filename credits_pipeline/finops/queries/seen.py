"""What members of some teams see of a version: values, names of accounts, sources and months.

Names are information too: people who are limited to teams see no account, service or source in
which those teams have no charge.
"""

from credits_pipeline.finops.publish.published import Published
from credits_pipeline.finops.queries.words import UNTAGGED, Vocabulary, blank

Teams = tuple[str, ...]
_TEAM = "team"


def has_teams(published: Published) -> bool:
    """Whether the bills distinguish teams; without the tag as a column nobody can be limited."""
    return _TEAM in published.tags


def values_seen(published: Published, word: str, teams: Teams) -> tuple[str, ...]:
    """The values of a word in the charges of some teams; the missing value last."""
    column = "billing_currency" if word == "currency" else Vocabulary(published.tags).groups[word]
    where, marks = _of(published, teams)
    found = [
        value
        for (value,) in published.rows(
            f"SELECT DISTINCT {column} FROM spend_monthly WHERE {where} ORDER BY 1",  # noqa: S608 - ours
            marks,
        )
    ]
    some = tuple(str(value) for value in found if value is not None)
    return (*some, blank(word)) if None in found else some


def accounts_seen(published: Published, teams: Teams) -> frozenset[str]:
    """The ids of accounts in which some teams have charges."""
    return frozenset(values_seen(published, "account", teams))


def sources_seen(published: Published, teams: Teams) -> frozenset[str]:
    """The sources in which some teams have charges."""
    return frozenset(values_seen(published, "source", teams))


def _of(published: Published, teams: Teams) -> tuple[str, Teams]:
    """The condition, with a mark for each team."""
    if not teams or not has_teams(published):
        return "FALSE", ()
    column = Vocabulary(published.tags).filters[_TEAM]
    where = f"{column} IN ({', '.join('?' * len(teams))})"
    return (f"({where} OR {column} IS NULL)" if UNTAGGED in teams else where), teams
