"""Folders of models as a stranger might make them, by name: what is done to a copy of the demo model."""

import json
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

WEIGHTS = "model.safetensors"
LAYERS = "num_hidden_layers"
LOOP = "{% for _ in range(10**5) %}"


# Gets the folder, and the path of a file that only code of the folder's would make.
type Spoil = Callable[[Path, Path], object]


class Pwned:
    """Unpickled, it leaves a file."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return os.system, (f"touch {self.canary}",)


def changed(folder: Path, name: str, **values: Any) -> None:
    path = folder / name
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def template(text: str) -> Spoil:
    return lambda folder, _: changed(folder, "tokenizer_config.json", chat_template=text)


def config(**values: Any) -> Spoil:
    return lambda folder, _: changed(folder, "config.json", **values)


def tokenizer(**values: Any) -> Spoil:
    return lambda folder, _: changed(folder, "tokenizer_config.json", **values)


def code(name: str) -> Spoil:
    return lambda folder, canary: (folder / name).write_text(f"open({str(canary)!r}, 'w')\n")


def header(change: Callable[[dict[str, Any]], None]) -> Spoil:
    """The weights with a header that was changed."""

    def apply(folder: Path, _: Path) -> None:
        data = (folder / WEIGHTS).read_bytes()
        length = int.from_bytes(data[:8], "little")
        entries = json.loads(data[8 : 8 + length])
        change(entries)
        new = json.dumps(entries).encode()
        (folder / WEIGHTS).write_bytes(len(new).to_bytes(8, "little") + new + data[8 + length :])

    return apply


def first(entries: dict[str, Any]) -> dict[str, Any]:
    tensor: dict[str, Any] = next(value for key, value in entries.items() if key != "__metadata__")
    return tensor


def pickled(folder: Path, canary: Path) -> None:
    (folder / "model.bin").write_bytes(pickle.dumps(Pwned(canary)))


def pickle_as_weights(folder: Path, canary: Path) -> None:
    (folder / WEIGHTS).write_bytes(pickle.dumps(Pwned(canary)))


def linked_out(folder: Path, _: Path) -> None:
    (folder / "generation_config.json").unlink()
    (folder / "generation_config.json").symlink_to("/etc/passwd")


def links_in_a_circle(folder: Path, _: Path) -> None:
    (folder / "one").symlink_to("other")
    (folder / "other").symlink_to("one")


def no_text_for_a_name(folder: Path, _: Path) -> None:
    """On Linux a name may be any bytes, on macOS any text."""
    (folder / (os.fsdecode(b"\xff.py") if sys.platform == "linux" else "\n.py")).touch()


def half_downloaded(folder: Path, _: Path) -> None:
    index = {"weight_map": {"a": WEIGHTS, "b": "model-00002-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def cut_short(folder: Path, _: Path) -> None:
    data = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(data[: len(data) // 2])


def endless_header(folder: Path, _: Path) -> None:
    (folder / WEIGHTS).write_bytes(b"\xff" * 8 + b"{")


def far_token(folder: Path, _: Path) -> None:
    """Every user's turn begins with a token far beyond the embeddings."""
    path = folder / "tokenizer.json"
    made = json.loads(path.read_text())
    made["model"]["vocab"]["<far>"] = 2_000_000_000
    made["added_tokens"].append(made["added_tokens"][0] | {"id": 2_000_000_000, "content": "<far>"})
    path.write_text(json.dumps(made))
    changed(folder, "tokenizer_config.json", chat_template="<far>{{ messages[0].content }}")


def no_numbers(folder: Path, _: Path) -> None:
    """As a training leaves its weights that went astray."""
    data = bytearray((folder / WEIGHTS).read_bytes())
    start = 8 + int.from_bytes(data[:8], "little")
    begin, end = json.loads(data[8:start])["model.norm.weight"]["data_offsets"]
    data[start + begin : start + end] = b"\xff" * (end - begin)
    (folder / WEIGHTS).write_bytes(data)


def text(name: str, content: str) -> Spoil:
    return lambda folder, _: (folder / name).write_text(content)


# What is done to the folder, and a word of what its user is told.
FOLDERS: dict[str, tuple[Spoil, str]] = {
    "code": (code("modeling_demo.py"), "only safetensors"),
    "model-file": (config(model_file="modeling_demo.py"), "code of its own"),
    "auto-map": (config(auto_map={"AutoModelForCausalLM": "modeling.Evil"}), "code of its own"),
    "tokenizer-code": (tokenizer(auto_map={"AutoTokenizer": ["tok.Evil", None]}), "code of its own"),
    "attention-code": (config(_attn_implementation_internal="evil/kernel"), "code of its own"),
    "tokenizer-class": (tokenizer(tokenizer_class="os.system"), ""),
    "pickle": (pickled, "only safetensors"),
    "pickle-as-weights": (pickle_as_weights, "safetensors"),
    "model-type": (config(model_type="os"), "cannot be loaded"),
    "model-type-path": (config(model_type="../../evil"), "cannot be loaded"),
    "link-out": (linked_out, "leads out of its folder"),
    "links-in-a-circle": (links_in_a_circle, "leads nowhere"),
    "no-text-for-a-name": (no_text_for_a_name, "only safetensors"),
    "half-downloaded": (half_downloaded, "not installed"),
    "endless-header": (endless_header, "cut short"),
    "offsets": (header(lambda all_: first(all_).update(data_offsets=[0, 10**12])), "outside of the file"),
    "offsets-backwards": (header(lambda all_: first(all_).update(data_offsets=[64, 0])), "outside of the file"),
    "negative-offsets": (header(lambda all_: first(all_).update(data_offsets=[-64, 0])), "cannot be read"),
    "negative-shape": (header(lambda all_: first(all_).update(shape=[-1, 128])), "cannot be read"),
    "huge-shape": (header(lambda all_: first(all_).update(shape=[10**9, 10**9])), "another size"),
    "unknown-type": (header(lambda all_: first(all_).update(dtype="F7")), "unknown type"),
    "no-tensors": (header(dict.clear), "0 tensors"),
    "deep-header": (header(lambda all_: all_.update(__metadata__={"a": "b"})), ""),
    "cut-short": (cut_short, "outside of the file"),
    "many-layers": (config(**{LAYERS: 10**9}), LAYERS),
    "huge-sizes": (config(hidden_size=10**15), "does not fit"),
    "no-heads": (config(num_attention_heads=0), "cannot be loaded"),
    "words-for-numbers": (config(hidden_size="many"), "cannot be loaded"),
    "deep-config": (text("config.json", "[" * 100_000), "cannot be read"),
    "broken-tokenizer": (text("tokenizer.json", "{"), "cannot be loaded"),
    "hostile-tokenizer": (text("tokenizer.json", '{"model": {"type": "BPE"}}'), "cannot be loaded"),
    "no-numbers": (no_numbers, "computes what is no number"),
    "far-token": (far_token, "token that the model does not have"),
    "template-text": (template("{{ 'a' * 10**9 }}"), "too large"),
    "template-loop": (template(f"{LOOP}{LOOP}{{% endfor %}}{{% endfor %}}"), "too"),
    "template-recursion": (template("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}"), "cannot render"),
    "template-escape": (template("{{ ''.__class__.__mro__[1].__subclasses__() }}"), "unsafe"),
    "template-globals": (template("{{ cycler.__init__.__globals__.os.popen('true') }}"), "unsafe"),
    "template-include": (template("{% include '/etc/passwd' %}"), "cannot render"),
    "template-import": (template("{% import 'os' as os %}{{ os.getcwd() }}"), "cannot render"),
}
