"""YAML from outside is read or refused, in bounded memory and time."""

import ast
import io
import re
import struct
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import credits_pipeline
from credits_pipeline.core.yaml_outside import YamlError, read_yaml, write_yaml
from credits_pipeline.finops.decisions.archive import packed, unpacked
from credits_pipeline.finops.decisions.body import InvalidBodyError, checked
from credits_pipeline.finops.decisions.fault import DecisionsError

ROOT = Path(credits_pipeline.__file__).parent
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.text(alphabet="&*a![]{}:,-?|>'\"#%@`~<1.0e \n\tx", max_size=60) | st.text(max_size=40))
def test_any_text_gives_a_value_or_says_what_is_wrong(text: str) -> None:
    with suppress(YamlError):
        read_yaml(text)


@given(JSON, st.booleans())
def test_what_is_written_is_read_back(value: object, unicode: bool) -> None:
    written = write_yaml([value, value], allow_unicode=unicode)
    assert "*id" not in written
    if not unicode:
        assert read_yaml(written) == [value, value]


@pytest.mark.parametrize("width", [2, 5, 50])
@pytest.mark.parametrize("form", ["list", "map", "merge"])
def test_aliases_of_aliases_are_refused_before_they_are_written_out(width: int, form: str) -> None:
    lines = ["a0: &a0 {}".format({"list": "[x]", "map": "{x: x}", "merge": "{x: x}"}[form])]
    for at in range(1, 45):
        told = ", ".join([f"*a{at - 1}"] * width)
        keys = ", ".join(f"k{one}: *a{at - 1}" for one in range(width))
        lines.append(
            f"a{at}: &a{at} "
            + {"list": f"[{told}]", "map": f"{{{keys}}}", "merge": f"{{<<: [{told}]}}"}[form]
        )
    with pytest.raises(YamlError, match=r"repeat more|nested more"):
        read_yaml("\n".join(lines))


def test_a_few_aliases_are_what_people_write() -> None:
    text = "base: &base {unit: USD}\none: {<<: *base, amount: '5'}\ntwo: *base\n"
    assert read_yaml(text)["one"] == {"unit": "USD", "amount": "5"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: &a [*a]", "within itself"),
        ("a: " + "[" * 3_000, "nested more than 50"),
        ("".join(" " * at + "a:\n" for at in range(300)), "nested more than 50"),
        ("a: " + "9" * 5_000, "can't be read"),
        ("a: !!int one", "can't be read"),
        ("a: !!bool perhaps", "can't be read"),
        ("a: !!timestamp 2026-13-45", "can't be read"),
        ("a: !!python/object/apply:os.system [id]", "constructor"),
        ("a: 1\na: 2", "line 2, column 1: 'a' occurs twice"),
        ("a: {b: 1, b: 2}", "twice"),
    ],
)
def test_a_refusal_is_explained_in_words(text: str, says: str) -> None:
    with pytest.raises(YamlError, match=says):
        read_yaml(text)


def test_a_number_without_end_is_no_decision() -> None:
    with pytest.raises(InvalidBodyError, match="beyond all that is counted"):
        checked(read_yaml("a: " + ":".join(["59"] * 5_000)))


def test_texts_of_others_are_read_as_yaml_in_one_place() -> None:
    ours = {"core/yaml_outside.py", "component.py", "finops/governance/book.py"}
    found = set()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            told = ast.unparse(node) if isinstance(node, ast.Attribute) else ""
            if re.fullmatch(r"yaml\.(\w+_)?load(_all)?", told):
                found.add(path.relative_to(ROOT).as_posix())
    # They read only files of this package, or a project of the machine's own user.
    assert found <= ours


def _zip(content: bytes, name: str = "budget/a.yaml") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


@given(st.integers(0, 400), st.integers(0, 255))
def test_a_zip_that_is_damaged_anywhere_is_refused_in_words(at: int, byte: int) -> None:
    whole = bytearray(packed({"budget": {"a": {"name": "x" * 40}, "b": {"amount": "5"}}}))
    whole[at % len(whole)] = byte
    with suppress(DecisionsError):
        unpacked(bytes(whole))


def test_a_zip_with_a_password_or_a_name_that_no_disk_takes_is_refused_in_words() -> None:
    locked = bytearray(_zip(b"name: x"))
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        struct.pack_into("<H", locked, locked.index(signature) + flags, 1)
    for file in (bytes(locked), _zip(b"name: x", f"budget/{'a' * 300}.yaml")):
        with pytest.raises(DecisionsError, match=r"in the ZIP can't be read"):
            unpacked(file)
