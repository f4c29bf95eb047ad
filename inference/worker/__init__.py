"""The process that runs the models. Importing the package loads OpenBLAS, before a module of it can import MLX."""

import contextlib
import ctypes
import os
import sys


def load_blas() -> None:
    """MLX's wheel for Linux links the reference BLAS, ten times slower; symbols that are there first win."""
    if sys.platform != "linux":
        return
    # MLX has threads of its own.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    with contextlib.suppress(OSError):
        ctypes.CDLL("libopenblas.so.0", mode=ctypes.RTLD_GLOBAL)


load_blas()
