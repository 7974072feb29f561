"""Words on a page: a page makes no link of any address in them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credits_pipeline.text import Outside, Page

#: What Streamlit's Markdown turns into a link, even if each of its marks is escaped.
_LINK = re.compile(r"https?://[-.\w]+|www\.|[-.\w+]+@[-\w]+(?:\.[-\w]+)+", re.IGNORECASE)
_PARTS = st.sampled_from(["http", "https", ":", "//", "www", ".", "@", "a", "evil", "example", " "])


def laid_out(text: str) -> str:
    """A text as on the page, without its escapes."""
    return re.sub(r"\\(.)", r"\1", Page.render(Outside(text)).text)


@pytest.mark.parametrize(
    "text",
    ["http://evil.example/x", "HTTPS://evil.example", "www.evil.example", "WWW.evil.example",
     "see ann@mail.example.com", "(http://evil.example)", "a.b+c@d-e.example"],
)  # fmt: skip
def test_an_address_reads_the_same_and_leads_nowhere(text: str) -> None:
    found = laid_out(text)
    assert _LINK.search(text)
    assert not _LINK.search(found)
    assert found.replace("\N{WORD JOINER}", "") == text


@given(st.lists(_PARTS, max_size=12).map("".join))
def test_no_text_holds_an_address_on_a_page(text: str) -> None:
    assert not _LINK.search(laid_out(text))
