"""The linear-algebra library works in one thread while a detector works, and as before afterwards."""

import numpy as np
import threadpoolctl

from amiss.numerics.blocks import one_blas_thread


def threads() -> list[int]:
    return [pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]


def test_one_thread_meanwhile_and_as_before_afterwards():
    """Inside there is one thread; afterwards there are as many as the caller had."""
    np.ones((2, 2)) @ np.ones((2, 2))
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        before = threads()
        with one_blas_thread():
            assert set(threads()) == {1}
        assert threads() == before
