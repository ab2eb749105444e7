"""What must hold for any bytes, tried with what hypothesis makes of the seeds."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.kept import kept
from tests.fuzz.seeds import seeds
from tests.fuzz.targets import TARGETS, shows_what_it_is, stays_inside

MOST_CHANGES = 8
EXAMPLES = 300


@st.composite
def changed(draw: st.DrawFn, target: str) -> bytes:
    """A seed with some of its bytes replaced, left out, doubled, or put in from another seed."""
    data = bytearray(draw(st.sampled_from(seeds()[target])))
    for _ in range(draw(st.integers(0, MOST_CHANGES))):
        place = draw(st.integers(0, len(data)))
        length = draw(st.integers(0, 16))
        match draw(st.sampled_from(("replace", "insert", "cut", "double", "join", "end"))):
            case "replace":
                data[place : place + length] = draw(st.binary(min_size=length, max_size=length))
            case "insert":
                data[place:place] = draw(st.binary(max_size=16))
            case "cut":
                del data[place : place + length]
            case "double":
                data[place:place] = data[place : place + length]
            case "join":
                other = draw(st.sampled_from(seeds()[target]))
                begin = draw(st.integers(0, len(other)))
                data[place:] = other[begin:]
            case "end":
                del data[place:]
    return bytes(data)


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_any_bytes_are_used_or_refused_in_words(target: str) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(changed(target))
    def holds(data: bytes) -> None:
        TARGETS[target](data)

    holds()


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_each_seed_is_used_or_refused_in_words(target: str) -> None:
    assert len(seeds()[target]) > 3
    for data in seeds()[target]:
        TARGETS[target](data)


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_each_input_that_fuzzing_has_kept_is_used_or_refused_in_words(target: str) -> None:
    inputs = kept(target)
    assert len(inputs) > 100
    for data in inputs:
        TARGETS[target](data)


@pytest.mark.parametrize("name", ["", "/etc/passwd", "a/../../b", "a\0b", "\udcff.png"])
def test_a_name_that_leads_outside_would_be_found(name: str) -> None:
    with pytest.raises((AssertionError, UnicodeEncodeError)):
        stays_inside(name)


@pytest.mark.parametrize("letter", ["\x1b", "\r", "\u202e", "\u2028", "\udcff", "\x9b"])
def test_a_letter_that_would_be_obeyed_would_be_found(letter: str) -> None:
    with pytest.raises((AssertionError, UnicodeEncodeError)):
        shows_what_it_is(f"a{letter}b")
