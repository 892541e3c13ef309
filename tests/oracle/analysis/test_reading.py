"""How a crowd is put into chunks."""

import math
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from oracle.analysis.reading import CHUNK_OPINIONS, crossed


@given(st.integers(1, 3_000))
def test_two_opinions_that_shared_a_chunk_never_share_the_other(count: int) -> None:
    size = max(1, min(CHUNK_OPINIONS, math.isqrt(count)))
    groups = crossed(range(count), size)

    assert sorted(member for group in groups for member in group) == list(range(count))
    assert max(map(len, groups)) <= size
    assert all(later - earlier >= size for group in groups for earlier, later in pairwise(group))
