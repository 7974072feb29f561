"""A profile's TOML: what is read, what is refused and where, and that writing reverses reading."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits_pipeline.credits.reading.headers import foreign_in
from credits_pipeline.credits.reading.profiles.book import shipped
from credits_pipeline.credits.reading.profiles.parsing import parse
from credits_pipeline.credits.reading.profiles.profile import (
    AmountColumn,
    MonthColumn,
    Profile,
    ProfileError,
    RowRule,
    cell_key,
)
from credits_pipeline.credits.reading.profiles.writing import as_toml

WHOLE = """\
form = 1
name = "partner"
about = "Credits from a partner."
header = ["Account", "Type", "Cost", "Day", "Ccy", "Note"]
ignored = ["Note"]
sum = true

[account]
column = "Account"

[amount]
column = "Cost"
credit = "negative"
decimals = 2

[month]
column = "Day"

[currency]
column = "Ccy"

[[rows]]
column = "Type"
count = ["Credit"]
leave_out = ["Usage"]
"""


def test_a_whole_profile_is_read_as_it_stands() -> None:
    made = parse(WHOLE.encode(), file="partner.toml")
    assert made == Profile(
        name="partner",
        about="Credits from a partner.",
        header=("Account", "Type", "Cost", "Day", "Ccy", "Note"),
        ignored=("Note",),
        sums=True,
        account=("Account",),
        amount=AmountColumn(("Cost",), "negative", decimals=2),
        month=MonthColumn(("Day",)),
        currency=("Ccy",),
        rows=(RowRule("Type", ("Credit",), ("Usage",)),),
    )


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("form = 1", "form = 2", 1, "form has to be 1"),
        ('name = "partner"', 'name = "Our Partner"', 2, "name is 'Our Partner'"),
        ("sum = true", 'sum = "yes"', 6, "sum has to be true or false"),
        ("sum = true", "summ = true", 6, "summ is no key: did you mean sum?"),
        ('column = "Account"', "column = 5", 9, "account.column has to name a column"),
        ('column = "Account"', "column = []", 9, "account.column has to name a column"),
        ('credit = "negative"', 'credit = "minus"', 13, "amount.credit has to be"),
        ('credit = "negative"', "", 11, "amount.credit has to be"),
        ("decimals = 2", "decimals = 2.5", 14, "amount.decimals has to be a whole number"),
        ("decimals = 2", "decimals = 13", 14, "amount.decimals has to be a whole number"),
        ("decimals = 2", "decimals = true", 14, "amount.decimals has to be a whole number"),
        ("decimals = 2", 'decimal_mark = ";"', 14, "amount.decimal_mark has to be"),
        (
            'column = "Day"',
            'column = "Day"\nyear = "Day"\nmonth = "Day"',
            16,
            "needs either column",
        ),
        ('column = "Day"', 'year = "Day"', 17, "month.year and month.month belong together"),
        ('column = "Ccy"', 'stated = "EUR"', 20, "currency.stated is 'EUR': only US dollars"),
        ('column = "Ccy"', "", 19, "currency needs either column"),
        ('count = ["Credit"]', "count = []", 24, "rows.count names no value"),
        ('count = ["Credit"]', 'count = ["Usage"]', 24, "name a value twice"),
        ('count = ["Credit"]', 'count = "Credit"', 24, "rows.count has to be a list of texts"),
        ('leave_out = ["Usage"]', 'others = "skip"', 25, "rows.others has to be"),
        ('ignored = ["Note"]', "ignored = []", 4, "header has the column 'Note', which no key"),
        ('"Cost", "Day"', '"Costs", "Day"', 4, "header lacks the column 'Cost'"),
        ('"Note"]\nignored', '"cost", "Note"]\nignored', 4, "has the column 'Cost' twice"),
        ('column = "Cost"', 'column = "Account"', 9, "read the same column, 'account'"),
        ('column = "Cost"', 'column = "Cost (EUR)"', 12, "amount.column is in EUR"),
    ],
)
def test_a_bad_profile_is_refused_with_its_file_line_and_key(
    old: str, new: str, line: int, says: str
) -> None:
    assert WHOLE.count(old) == 1
    with pytest.raises(ProfileError) as refused:
        parse(WHOLE.replace(old, new).encode(), file="profiles/partner.toml")
    assert str(refused.value).startswith(f"profiles/partner.toml, line {line}: ")
    assert says in str(refused.value)


@pytest.mark.parametrize("table", ["account", "amount", "currency"])
def test_a_table_that_is_missing_is_named(table: str) -> None:
    without = "\n\n".join(part for part in WHOLE.split("\n\n") if not part.startswith(f"[{table}]"))
    with pytest.raises(ProfileError, match=rf"{table} is missing: add the table \[{table}\]"):
        parse(without.encode(), file="p.toml")


@pytest.mark.parametrize(("text", "says"), [(b"form = \n1", "line 1"), (b"\xff", "not UTF-8")])
def test_what_is_not_toml_is_refused_with_its_place(text: bytes, says: str) -> None:
    with pytest.raises(ProfileError, match=rf"p\.toml is .*{says}"):
        parse(text, file="p.toml")


def test_the_shipped_profiles_read_back_as_they_are_written() -> None:
    assert len(shipped().shipped) >= 7
    for made in shipped().shipped:
        assert parse(as_toml(made), file="again.toml") == made


WORDS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="*"), min_size=1, max_size=12
).filter(lambda text: bool(cell_key(text)) and bool(text.strip()) and foreign_in(text) is None)


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    names = draw(st.lists(WORDS, min_size=6, max_size=9, unique_by=cell_key))
    values = draw(st.lists(WORDS, min_size=3, max_size=3, unique_by=cell_key))
    dated = draw(st.booleans())
    used: dict[str, Any] = {
        "account": (names[0],),
        "amount": AmountColumn(
            (names[1],),
            draw(st.sampled_from(["negative", "positive", "either"])),
            draw(st.none() | st.integers(0, 12)),
            draw(st.sampled_from([None, ".", ","])),
            draw(st.booleans()),
        ),
        "month": MonthColumn((names[2],), dates=draw(st.sampled_from([None, "day_first"])))
        if dated
        else None,
        "currency": (names[3],) if draw(st.booleans()) else (),
        "rows": (RowRule(names[4], (values[0],), (values[1],), (values[2],)),),
    }
    read = {n for group in Profile(name="x", **used).used for n in group}
    return Profile(
        name="made",
        header=tuple(names),
        ignored=tuple(name for name in names if name not in read),
        notes=tuple(draw(st.lists(WORDS, max_size=2))),
        sums=draw(st.booleans()),
        **used,
    )


@given(made=profiles())
def test_every_profile_that_is_written_reads_back_the_same(made: Profile) -> None:
    again = parse(as_toml(made), file="made.toml")
    assert again == made
    assert again.fits(made.header)
    assert again.fits(list(reversed(made.header)))
    assert not again.fits([*made.header, "One more"])
    assert not again.fits(made.header[:-1])
