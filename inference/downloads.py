"""Brings models from the Hugging Face hub into the models folder, and takes them away again."""

import contextlib
import errno
import fnmatch
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile

from inference import adapters
from inference.budget import readable
from inference.installed import NAME, PARTIAL, WEIGHTS, is_complete, problem

# What a write says of a disk that is full: really, for this user, or by a limit on files.
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

PATTERNS = [WEIGHTS, adapters.WEIGHTS, "*.json", "*.jinja", "*.txt", "*.tiktoken", "tokenizer.model"]


class DownloadError(Exception):
    """Why a model could not be brought; the message is for the user."""


def pull(
    name: str,
    models_dir: Path,
    *,
    revision: str | None = None,
    endpoint: str | None = None,
    announce: Callable[[int], None] = lambda _: None,
) -> Path:
    """The folder of the model, complete. What an earlier try has brought is kept and gone on from.

    Raises DownloadError. `endpoint` None: as the environment says. `announce` is told the bytes of the whole.
    """
    folder = place(name, models_dir)
    partial = partial_place(folder)
    api = HfApi(endpoint=endpoint)
    with explained(name, api.endpoint), giving_back(partial):
        # By its commit: without the hub, a half-full folder would pass for a download of a branch.
        commit = api.model_info(name, revision=revision).sha
        size = whole_size(api, name, commit)
        announce(size)
        check_disk(name, size, partial)
        snapshot_download(name, revision=commit, local_dir=partial, allow_patterns=PATTERNS, endpoint=endpoint)
    shutil.rmtree(partial / ".cache", ignore_errors=True)
    check(name, partial)
    put_in_place(partial, folder)
    return folder


def whole_size(api: HfApi, name: str, commit: str | None) -> int:
    """Bytes of the files that are brought."""
    entries = api.list_repo_tree(name, recursive=True, revision=commit)
    return sum(entry.size for entry in entries if isinstance(entry, RepoFile) and is_wanted(entry.path))


def is_wanted(path: str) -> bool:
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in PATTERNS)


def check_disk(name: str, size: int, partial: Path) -> None:
    """Raises DownloadError where the rest of the model has no room on the disk."""
    there = sum(path.stat().st_size for path in partial.rglob("*") if path.is_file())
    disk = next(parent for parent in partial.parents if parent.exists())
    free = shutil.disk_usage(disk).free
    if size - there > free:
        raise DownloadError(f"{name} needs {readable(size - there)} on the disk of {disk}, which has {readable(free)}.")


@contextlib.contextmanager
def giving_back(partial: Path) -> Iterator[None]:
    """A disk that fills up all the same gets back what the download has taken of it.

    Raises DownloadError, also where the models folder cannot be written at all.
    """
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            remove(partial)
            raise DownloadError("The disk became full; what was downloaded is removed again.") from None
        # The hub's errors are of this class as well, and name no file.
        if error.filename is None:
            raise
        raise DownloadError(f"{error.filename} cannot be written ({error.strerror}).") from None


def remove(folder: Path) -> None:
    """Remove a model's folder, what is left of its downloads, and its organisation's folder once that is empty."""
    for path in (folder, partial_place(folder)):
        shutil.rmtree(path, ignore_errors=True)
    with contextlib.suppress(OSError):
        folder.parent.rmdir()


def place(name: str, models_dir: Path) -> Path:
    """Where the model belongs. Raises DownloadError for what is no name of a model."""
    if not NAME.fullmatch(name) or "/" not in name or name.endswith(PARTIAL):
        raise DownloadError(f"{name} is not the name of a model: such are written as organisation/model.")
    return models_dir / name


def partial_place(folder: Path) -> Path:
    return folder.with_name(folder.name + PARTIAL)


@contextlib.contextmanager
def explained(name: str, endpoint: str) -> Iterator[None]:
    """What goes wrong at the hub, in words for the user."""
    try:
        yield
    except GatedRepoError:
        raise DownloadError(f"{name} is gated: accept its terms at {endpoint}/{name} and set HF_TOKEN.") from None
    except RepositoryNotFoundError:
        raise DownloadError(f"{endpoint} has no model {name}, or it is private: then set HF_TOKEN.") from None
    except RevisionNotFoundError:
        raise DownloadError(f"{name} has no such revision.") from None
    except HfHubHTTPError as error:
        raise DownloadError(f"{endpoint} answered with status {error.response.status_code}.") from None
    except (LocalEntryNotFoundError, OfflineModeIsEnabled, httpx2.HTTPError) as error:
        raise DownloadError(f"{endpoint} cannot be reached ({type(error).__name__}).") from None


def check(name: str, folder: Path) -> None:
    """Raises DownloadError, and removes the folder, where it holds nothing that can be loaded."""
    is_whole = is_complete(folder) or adapters.is_adapter(folder)
    reason = problem(folder) if is_whole else "it has no config.json, tokenizer and safetensors for MLX"
    if reason is not None:
        shutil.rmtree(folder)
        raise DownloadError(f"{name} cannot be used: {reason}.")


def put_in_place(partial: Path, folder: Path) -> None:
    """The new folder appears at once and whole, in the place of an older one."""
    old = folder.with_name(f".{folder.name}.old")
    # One that was interrupted here may have left its own.
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    partial.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
