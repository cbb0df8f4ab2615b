import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from distmatch.errors import InputError
from distmatch.maps.relabelling import Relabelling


@given(st.data(), st.sampled_from(["bijection", "homophonic"]))
def test_a_map_comes_back_from_its_bits(data, kind):
    letters = data.draw(st.integers(1, 40))
    most = letters if kind == "bijection" else 60
    table = data.draw(
        st.lists(st.integers(0, letters - 1), max_size=most, unique=kind == "bijection")
    )
    f = Relabelling(np.array(table, np.int32), letters, kind)
    code = f.to_bytes()
    assert (Relabelling.from_bytes(code, len(table), letters, kind).table == f.table).all()
    assert f.bits - 1e-6 <= 8 * len(code) < f.bits + 8


def test_a_number_that_names_no_map_is_refused():
    with pytest.raises(InputError, match="damaged"):
        Relabelling.from_bytes(b"\xff", 3, 4, "bijection")  # 24 maps
    with pytest.raises(InputError, match="twice"):
        Relabelling(np.array([1, 1]), 3, "bijection")
    with pytest.raises(InputError, match="outside"):
        Relabelling(np.array([3]), 3, "homophonic")
