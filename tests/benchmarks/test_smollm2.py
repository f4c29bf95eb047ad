"""The conversion of SmolLM2 undoes what GGUF has done to a head's rows, and reads text as the model was taught to."""

import mlx.core as mx

from benchmarks.smollm2.convert import halves_together, tokenizer

TOKENS = ["<|end|>", "a", "b", "1", "2", "Ġ", "ab"]
METADATA = {
    "tokenizer.ggml.tokens": TOKENS,
    "tokenizer.ggml.merges": ["a b"],
    "tokenizer.ggml.token_type": mx.array([3, 1, 1, 1, 1, 1, 1]),
}


def test_rows_of_a_head_are_put_back_as_they_were() -> None:
    heads, half, columns = 2, 3, 2
    kept = mx.arange(heads * 2 * half * columns).reshape(heads * 2 * half, columns)
    # As llama.cpp's converter interleaves them.
    stored = kept.reshape(heads, 2, half, columns).swapaxes(1, 2).reshape(kept.shape)
    assert mx.array_equal(halves_together(stored, heads), kept)
    assert not mx.array_equal(stored, kept)


def test_text_is_merged_digits_stand_alone_and_markers_are_one_token() -> None:
    made = tokenizer(METADATA)
    assert made.encode("ab 12<|end|>").ids == [6, 5, 3, 4, 0]
    assert made.decode([6, 5, 3, 4]) == "ab 12"
