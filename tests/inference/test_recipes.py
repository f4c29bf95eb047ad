"""What the files around an embedding model's weights say, and what is refused because of them."""

from pathlib import Path
from typing import Any

import pytest

from inference.errors import GatewayError, Kind
from inference.installed import find
from inference.recipes import Recipe, RecipeError, read
from tests.embedding_models import demo_embedder, tiny_bert, write
from tests.local_models import copy_demo

MODULE = "sentence_transformers.models."


def bare(models_dir: Path, **config: Any) -> Path:
    """A model without the files of sentence-transformers."""
    folder = tiny_bert(models_dir, "org/model", **config)
    (folder / "modules.json").unlink()
    (folder / "1_Pooling" / "config.json").unlink()
    return folder


@pytest.mark.parametrize(("flag", "pooling"), [("cls_token", "cls"), ("mean_tokens", "mean"), ("lasttoken", "last")])
@pytest.mark.parametrize("normalise", [True, False])
def test_the_folder_says_how_states_become_a_vector(tmp_path: Path, flag: str, pooling: str, normalise: bool) -> None:
    recipe = read(tiny_bert(tmp_path, "org/model", pooling=flag, normalise=normalise))
    assert (recipe.pooling, recipe.normalise, recipe.size, recipe.is_encoder) == (pooling, normalise, 24, True)


def test_newer_files_name_the_pooling(tmp_path: Path) -> None:
    folder = tiny_bert(tmp_path, "org/model")
    write(folder / "1_Pooling" / "config.json", {"pooling_mode": "cls", "include_prompt": True})
    assert read(folder).pooling == "cls"


def test_an_encoder_that_says_nothing_is_averaged_and_normalised(tmp_path: Path) -> None:
    recipe = read(bare(tmp_path))
    assert (recipe.pooling, recipe.normalise) == ("mean", True)


def test_a_decoder_gives_its_last_state(tmp_path: Path) -> None:
    recipe = read(demo_embedder(tmp_path, "org/model"))
    assert (recipe.pooling, recipe.is_encoder, recipe.size, recipe.window) == ("last", False, 128, 4096)


@pytest.mark.parametrize(
    ("limits", "tokenizer", "window"),
    [
        ({}, {}, 48),
        ({"max_seq_length": 32}, {"model_max_length": 40}, 32),
        ({}, {"model_max_length": 40}, 40),
        ({"max_seq_length": 500}, {}, 48),
        ({"max_seq_length": None}, {"model_max_length": 10**30}, 48),
    ],
)
def test_the_window_is_what_the_model_was_made_for(
    tmp_path: Path, limits: dict[str, object], tokenizer: dict[str, object], window: int
) -> None:
    folder = tiny_bert(tmp_path, "org/model")
    write(folder / "sentence_bert_config.json", limits)
    write(folder / "tokenizer_config.json", tokenizer)
    assert read(folder).window == window


def test_the_positions_of_roberta_begin_after_the_padding(tmp_path: Path) -> None:
    recipe = read(tiny_bert(tmp_path, "org/model", model_type="xlm-roberta", pad_token_id=1))
    assert (recipe.first_position, recipe.window) == (2, 46)


def test_the_prompt_that_stands_before_every_text_is_read(tmp_path: Path) -> None:
    folder = tiny_bert(tmp_path, "org/model")
    prompts = {"query": "query: ", "passage": "passage: "}
    write(folder / "config_sentence_transformers.json", {"prompts": prompts, "default_prompt_name": "passage"})
    assert read(folder).prompt == "passage: "
    write(folder / "config_sentence_transformers.json", {"prompts": prompts, "default_prompt_name": None})
    assert read(folder).prompt == ""


@pytest.mark.parametrize(
    ("file", "value", "words"),
    [
        ("modules.json", [{"type": MODULE + "Transformer"}, {"type": MODULE + "Dense"}], "asks for Dense"),
        ("modules.json", {}, "its modules.json cannot be read"),
        ("1_Pooling/config.json", {"pooling_mode_max_tokens": True}, "asks for what is not supported"),
        ("1_Pooling/config.json", {"pooling_mode_cls_token": True, "pooling_mode_mean_tokens": True}, "not supported"),
        ("1_Pooling/config.json", {}, "not supported"),
        ("1_Pooling/config.json", [], "its config.json cannot be read"),
        ("config.json", {"model_type": "mpnet", "hidden_size": 8}, "of type mpnet"),
        ("config.json", {"model_type": "bert"}, "has no hidden_size"),
    ],
)
def test_a_recipe_that_cannot_be_followed_is_a_problem(tmp_path: Path, file: str, value: object, words: str) -> None:
    folder = tiny_bert(tmp_path, "org/model")
    write(folder / file, value)
    with pytest.raises(RecipeError, match=words):
        read(folder)
    model = find(tmp_path, tmp_path)["org/model"]
    assert model.kind == "embedding"
    assert model.problem is not None
    assert words in model.problem


def test_a_prompt_that_is_not_to_be_pooled_is_a_problem(tmp_path: Path) -> None:
    folder = tiny_bert(tmp_path, "org/model")
    write(folder / "config_sentence_transformers.json", {"prompts": {"a": "b"}, "default_prompt_name": "a"})
    write(folder / "1_Pooling" / "config.json", {"pooling_mode": "mean", "include_prompt": False})
    with pytest.raises(RecipeError):
        read(folder)


def test_a_classifier_makes_no_embeddings(tmp_path: Path) -> None:
    folder = bare(tmp_path, architectures=["BertForSequenceClassification"])
    with pytest.raises(RecipeError, match="it is a classifier"):
        read(folder)


def test_models_are_told_apart_by_kind(tmp_path: Path) -> None:
    tiny_bert(tmp_path, "org/encoder")
    demo_embedder(tmp_path, "org/decoder")
    copy_demo(tmp_path, "org/chat")
    kinds = {name: (model.kind, model.problem) for name, model in find(tmp_path, tmp_path).items()}
    assert kinds == {
        "mlxmanager/demo": ("chat", None),
        "org/chat": ("chat", None),
        "org/decoder": ("embedding", None),
        "org/encoder": ("embedding", None),
    }


def recipe(tmp_path: Path, **config: Any) -> Recipe:
    return read(tiny_bert(tmp_path, "org/model", **config))


@pytest.mark.parametrize("setting", [{"matryoshka_dims": [8, 16]}, {"matryoshka_dimensions": [16, 8]}])
def test_vectors_are_cut_to_the_lengths_that_the_model_offers(tmp_path: Path, setting: dict[str, Any]) -> None:
    read = recipe(tmp_path, **setting)
    assert [read.length(wanted) for wanted in (None, 8, 16, 24)] == [24, 8, 16, 24]
    for wanted in (-1, 0, 12, 25):
        with pytest.raises(GatewayError) as caught:
            read.length(wanted)
        assert (caught.value.kind, caught.value.param) == (Kind.INVALID_VALUE, "dimensions")
        assert "8, 16" in caught.value.message


def test_vectors_are_cut_anywhere_where_the_model_says_so(tmp_path: Path) -> None:
    read = recipe(tmp_path, is_matryoshka=True)
    assert [read.length(wanted) for wanted in (1, 23, 24)] == [1, 23, 24]
    with pytest.raises(GatewayError, match="1 to 24"):
        read.length(25)


def test_vectors_are_not_cut_where_the_model_does_not_say_that_they_may_be(tmp_path: Path) -> None:
    read = recipe(tmp_path)
    assert read.length(24) == 24
    with pytest.raises(GatewayError) as caught:
        read.length(12)
    assert (caught.value.kind, caught.value.param) == (Kind.UNSUPPORTED_PARAMETER, "dimensions")
