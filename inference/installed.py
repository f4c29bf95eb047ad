"""Which local models are installed: the one list by which a name leads to a folder. Reads the disk, imports no MLX."""

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Literal

import msgspec

from inference import adapters, footprints, model_files, recipes
from inference.adapters import Adapter
from inference.model_files import FilesError, Tensors

DEMO_NAME = "mlxmanager/demo"
DEMO_FOLDER = Path(__file__).parent / "demo_model"

WEIGHTS = "model*.safetensors"
INDEX = "model.safetensors.index.json"
TOKENIZERS = ("tokenizer.json", "tokenizer.model", "tokenizer_config.json", "vocab.json")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?")
PARTIAL = ".partial"

# Formats and settings by which a model's own code, or a pickle, would run.
CODE_SUFFIXES = frozenset({".py", ".bin", ".pt", ".pth", ".pkl", ".gguf"})
CODE_SETTINGS = ("model_file", "auto_map", "_attn_implementation_internal")

type Place = Literal["bundled", "models", "cache"]
type ModelKind = Literal["chat", "embedding"]


@dataclass(frozen=True, slots=True)
class Installed:
    """`size` is in bytes of weights as they lie there; `needs` is what answering anything at all takes of memory.

    `problem` says why the model is not loaded, where that is known. With an adapter, `folder` is its base model's.
    """

    name: str
    folder: Path
    place: Place
    size: int
    problem: str | None = None
    kind: ModelKind = "chat"
    needs: int = 0
    adapter: Adapter | None = None


# A name leads to a base model through this alone.
type FindBase = Callable[[str], Installed | None]


class Index(msgspec.Struct, frozen=True):
    """Which file holds which tensor."""

    weight_map: dict[str, str]


def find(models_dir: Path, hub_cache: Path) -> dict[str, Installed]:
    """By name; what stands in the models folder goes before the cache of Hugging Face."""
    found: dict[str, Installed] = {}
    adapted: list[tuple[str, Path, Place]] = []
    for name, folder, place in candidates(models_dir, hub_cache):
        model = None if name in found else look_at(name, folder, place)
        if model is not None:
            found[name] = model
        else:
            adapted.append((name, folder, place))
    bases = dict(found)
    for name, folder, place in adapted:
        model = None if name in found else look_at_adapter(name, folder, place, bases.get)
        if model is not None:
            found[name] = model
    return found


def find_one(name: str, models_dir: Path, hub_cache: Path) -> Installed | None:
    """What `find` has under this name, without a look into the other models."""
    places = [candidate for candidate in candidates(models_dir, hub_cache) if candidate[0] == name]
    model = find_model(name, models_dir, hub_cache)
    base = partial(find_model, models_dir=models_dir, hub_cache=hub_cache)
    return model or next((adapted for place in places if (adapted := look_at_adapter(*place, base))), None)


def find_model(name: str, models_dir: Path, hub_cache: Path) -> Installed | None:
    """As `find_one`, but for adapters: an adapter's base is none itself."""
    places = (candidate for candidate in candidates(models_dir, hub_cache) if candidate[0] == name)
    return next((model for candidate in places if (model := look_at(*candidate))), None)


def look_at(name: str, folder: Path, place: Place) -> Installed | None:
    if not NAME.fullmatch(name):
        return None
    # A folder may hold dangling links, be unreadable, or vanish while we look.
    with contextlib.suppress(OSError):
        if is_complete(folder):
            try:
                found = tensors(folder, place)
            except FilesError as error:
                return Installed(name, folder, place, 0, str(error))
            needs = footprints.least(folder, found.loaded)
            return Installed(name, folder, place, found.stored, problem(folder), kind(folder), needs)
    return None


def look_at_adapter(name: str, folder: Path, place: Place, find_base: FindBase) -> Installed | None:
    if not NAME.fullmatch(name):
        return None
    with contextlib.suppress(OSError):
        if not adapters.is_adapter(folder):
            return None
        try:
            model_files.check(folder, root=root(folder, place))
            found = model_files.tensors(folder / adapters.WEIGHTS)
            config, _ = adapters.read(folder)
            base = find_base(config.model)
            reason = problem(folder) or base_problem(config.model, base)
        except FilesError as error:
            return Installed(name, folder, place, 0, str(error))
        if base is None or reason is not None:
            return Installed(name, folder, place, found.stored, reason)
        needs = base.needs + found.loaded
        return Installed(name, base.folder, place, found.stored, needs=needs, adapter=Adapter(folder, base.name))
    return None


def base_problem(name: str, base: Installed | None) -> str | None:
    if base is None:
        return f"its base model {name[:100]} is not installed"
    if base.problem is not None:
        return f"its base model {base.name} is not loaded: {base.problem}"
    return None if base.kind == "chat" else f"its base model {base.name} makes embeddings"


def candidates(models_dir: Path, hub_cache: Path) -> Iterator[tuple[str, Path, Place]]:
    yield DEMO_NAME, DEMO_FOLDER, "bundled"
    for organisation in folders(models_dir):
        for folder in folders(organisation):
            if not folder.name.endswith(PARTIAL):
                yield f"{organisation.name}/{folder.name}", folder, "models"
    for repository in folders(hub_cache):
        revision = read_revision(repository)
        if repository.name.startswith("models--") and revision:
            name = repository.name.removeprefix("models--").replace("--", "/")
            yield name, repository / "snapshots" / revision, "cache"


def folders(parent: Path) -> list[Path]:
    try:
        return sorted(path for path in parent.iterdir() if path.is_dir())
    except OSError:
        return []


def read_revision(repository: Path) -> str:
    """The commit that `main` names; empty where none is there, or where it is not one."""
    try:
        revision = (repository / "refs" / "main").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return revision if revision.isalnum() else ""


def is_complete(folder: Path) -> bool:
    """Whether everything is there, all files of the weights where an index names several."""
    parts = [folder / name for name in indexed(folder / INDEX)] or weights(folder)[:1]
    return (
        (folder / "config.json").is_file()
        and any((folder / name).is_file() for name in TOKENIZERS)
        and bool(parts)
        and all(part.is_file() for part in parts)
    )


def indexed(path: Path) -> frozenset[str]:
    return read_index(path, path.stat().st_mtime_ns) if path.is_file() else frozenset()


@lru_cache(maxsize=1024)
def read_index(path: Path, changed: int) -> frozenset[str]:  # noqa: ARG001 - a file that has changed is read again
    try:
        return frozenset(msgspec.json.decode(path.read_bytes(), type=Index).weight_map.values())
    except (OSError, msgspec.MsgspecError, RecursionError):
        return frozenset()


def weights(folder: Path) -> list[Path]:
    return sorted(folder.glob(WEIGHTS))


def tensors(folder: Path, place: Place) -> Tensors:
    """Of all weights. Raises FilesError for a folder of which no more is read."""
    model_files.check(folder, root=root(folder, place))
    found = sum(map(model_files.tensors, weights(folder)), start=Tensors())
    model_files.check_layers(read_object(folder / "config.json") or {}, found.count)
    return found


def root(folder: Path, place: Place) -> Path:
    """What links of the folder may lead to."""
    # In Hugging Face's cache a snapshot is made of links to the files beside it.
    return folder.parents[1] if place == "cache" else folder


def kind(folder: Path) -> ModelKind:
    return "embedding" if recipes.makes_vectors(folder) else "chat"


def problem(folder: Path) -> str | None:
    code = sorted(path for path in folder.iterdir() if path.suffix in CODE_SUFFIXES)
    if code:
        return f"its folder holds {model_files.shown(code[0])}, and only safetensors are loaded"
    for file in ("config.json", "tokenizer_config.json"):
        settings = read_object(folder / file)
        if settings is None:
            return f"its {file} cannot be read"
        named = [key for key in CODE_SETTINGS if key in settings]
        if named:
            return f"its {file} asks for code of its own ({named[0]})"
    return recipes.problem(folder) if kind(folder) == "embedding" else None


def read_object(path: Path) -> dict[str, Any] | None:
    """A JSON object; empty where there is no file, None where there is something else."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError, RecursionError):
        return None
