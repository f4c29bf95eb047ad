"""What the worker is told at its start. It reads no settings and no database."""

import msgspec


class Config(msgspec.Struct, frozen=True):
    """`parent` is the descriptor of a pipe whose end of file means that the parent is gone; None: nobody's child.

    `memory_budget` is in bytes; None: a share of what the device has. `queue_tokens`: how many may wait in all.
    `prefix_memory` and `prefix_disk` are in bytes. `prefix_folder` None: nothing is kept on disk. `load_crashes` is the
    folder of what is known of models that crash the worker; None: nothing is.
    """

    socket: str
    models_dir: str
    hub_cache: str
    largest_frame: int
    slots: int = 32
    queue_limit: int = 256
    queue_tokens: int = 2_000_000
    memory_budget: int | None = None
    prefix_memory: int = 256 * 1024**2
    prefix_folder: str | None = None
    prefix_disk: int = 5 * 1024**3
    load_crashes: str | None = None
    log_level: str = "INFO"
    log_format: str = "console"
    parent: int | None = None
