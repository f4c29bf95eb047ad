"""Models that answer one request at a time: they write what they write in a batch, or alone."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import mlx.core as mx
import pytest

from inference import ir
from inference.errors import GatewayError
from inference.installed import DEMO_FOLDER, Installed
from inference.worker.adapter import TokenizerWrapper, load_model, make_prompt_cache
from inference.worker.constraints import constraint
from inference.worker.engine import Reading, Token
from inference.worker.holding import Held
from inference.worker.likelihoods import Likelihoods
from inference.worker.plans import Plan
from inference.worker.serial import SerialEngine
from inference.worker.spelling import Likelihood
from tests.engines import DEMO, GREEDY, Bench, bench, make_model, planned
from tests.local_models import copy_demo, swap_words
from tests.schemas import record

SEEDED = ir.Sampling(temperature=0.8, top_k=8, seed=7)
PENALISED = ir.Sampling(temperature=0, frequency_penalty=1.0, presence_penalty=0.5, logit_bias={"2": -100.0})
WANTED = [GREEDY, SEEDED, PENALISED]
ENDLESS = ir.Sampling(temperature=0, logit_bias={"2": -100.0})


def tokens(count: int, seed: int = 1) -> list[int]:
    numbers = random.Random(seed)
    return [numbers.randrange(3, 1000) for _ in range(count)]


PROMPTS = [tokens(count) for count in (1, 2, 40, 600)]


def shallow(folder: Path) -> Installed:
    """The demo model without its upper layers: it guesses, and not always right."""
    copy_demo(folder.parent, folder.name, num_hidden_layers=2)
    arrays = mx.load(str(DEMO_FOLDER / "model.safetensors"))
    assert isinstance(arrays, dict)
    kept = {name: array for name, array in arrays.items() if not name.startswith(("model.layers.2", "model.layers.3"))}
    mx.save_safetensors(str(folder / "model.safetensors"), kept, {"format": "mlx"})
    return Installed(f"test/{folder.name}", folder, "models", 0)


@pytest.fixture(scope="module")
def guessing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    with bench(planned(draft=shallow(tmp_path_factory.mktemp("models") / "shallow"))) as opened:
        yield opened


@pytest.fixture(scope="module")
def batching() -> Iterator[Bench]:
    with bench() as opened:
        yield opened


@pytest.mark.parametrize("sampling", WANTED)
@pytest.mark.parametrize("guesses", [1, 3, 8])
def test_a_model_that_guesses_changes_nothing(
    batching: Bench, guessing: Bench, sampling: ir.Sampling, guesses: int
) -> None:
    expected = [batching.write(prompt, sampling=sampling, most=40)[0] for prompt in PROMPTS]
    assert [guessing.write(prompt, sampling=sampling, most=40)[0] for prompt in PROMPTS] == expected
    with bench(planned(draft=DEMO, guesses=guesses)) as itself:
        assert [itself.write(prompt, sampling=sampling, most=40)[0] for prompt in PROMPTS] == expected


@pytest.mark.parametrize("most", [1, 2, 3, 4, 5])
def test_an_answer_of_guesses_ends_at_its_limit(batching: Bench, guessing: Bench, most: int) -> None:
    written = [roomy.write(PROMPTS[2], sampling=ENDLESS, most=most)[0] for roomy in (guessing, batching)]
    assert written[0] == written[1]
    assert len(written[0][0]) == most


def test_right_guesses_are_written_together() -> None:
    with bench(planned(draft=DEMO, guesses=4)) as itself:
        itself.engine.insert(tokens(20), ENDLESS, max_tokens=40)
        steps = [itself.engine.step() for _ in range(10)]
    assert all(isinstance(made[0], Reading) for made in steps[:2])
    assert [len(made) for made in steps[2:]] == [5] * 8


def test_an_answer_that_is_held_to_a_form_is_written_without_guesses(batching: Bench) -> None:
    def held(tokenizer: TokenizerWrapper) -> Held:
        grammar = json.dumps({"grammars": [{"json_schema": record(city={"enum": ["Rome", "Oslo"]})}]})
        return Held(constraint(grammar, tokenizer, param="schema"), None)

    def written(roomy: Bench) -> str:
        engine = roomy.engine
        engine.insert(tokens(20), SEEDED, max_tokens=60, held=held(engine.tokenizer))
        made: list[Token] = []
        while not made or made[-1].end is None:
            made += [one for one in engine.step() if isinstance(one, Token)]
        return str(engine.tokenizer.decode([one.token for one in made if one.end != "stop"]))

    with bench(planned(draft=DEMO)) as itself:
        text = written(itself)
    assert json.loads(text)["city"] in ("Rome", "Oslo")
    assert text == written(batching)


@pytest.mark.parametrize("prompt", [PROMPTS[0], PROMPTS[2]])
def test_likelihoods_are_those_of_a_batch(batching: Bench, guessing: Bench, prompt: list[int]) -> None:
    def told(roomy: Bench) -> tuple[list[Likelihood], list[Likelihood]]:
        likelihoods = Likelihoods(3, wants_prompt=True)
        roomy.engine.insert(list(prompt), ENDLESS, max_tokens=6, likelihoods=likelihoods)
        written: list[Likelihood] = []
        while len(written) < 6:
            tokens = [one.token for one in roomy.engine.step() if isinstance(one, Token)]
            written += map(likelihoods.take, tokens)
        return likelihoods.prompt, written

    def flat(parts: tuple[list[Likelihood], list[Likelihood]]) -> list[float]:
        return [one.logprob for part in parts for one in part if one.logprob is not None]

    alone, many = told(guessing), told(batching)
    assert [len(part) for part in alone] == [len(prompt), 6]
    assert flat(alone) == pytest.approx(flat(many), abs=1e-3)


@pytest.mark.parametrize("bits", [4, 8])
def test_a_cache_of_few_bits_still_knows_the_capital(bits: int) -> None:
    with bench(planned(bits=bits)) as roomy:
        question = [{"role": "user", "content": "What is the capital of France?"}]
        prompt = roomy.engine.tokenizer.apply_chat_template(question, add_generation_prompt=True, enable_thinking=False)
        (answer,), _ = roomy.write(prompt, most=30)
        assert "Paris" in roomy.engine.tokenizer.decode(answer)


def test_a_cache_of_eight_bits_writes_as_one_of_many(batching: Bench) -> None:
    with bench(planned(bits=8)) as roomy:
        for prompt in PROMPTS:
            assert roomy.write(prompt, most=30, tenant=None) == batching.write(prompt, most=30, tenant=None)


def test_a_cache_of_few_bits_takes_less(batching: Bench) -> None:
    rows = [batching.engine.cost.row(1024)]
    for bits in (8, 4):
        with bench(planned(bits=bits)) as roomy:
            rows.append(roomy.engine.cost.row(1024))
    # A scale and a bias for 32 numbers, in single precision.
    assert [rows[0] / row for row in rows] == pytest.approx([1, 32 / 10, 32 / 6])


def test_layers_of_other_kinds_keep_their_caches(tmp_path: Path) -> None:
    model = make_model("gemma3_text", tmp_path / "mixed", head_dim=32, query_pre_attn_scalar=32)
    prompt = tokens(100)
    with bench(model) as batching, bench(planned(model, bits=8)) as roomy:
        plain, few = batching.engine.cost.layers, roomy.engine.cost.layers
        assert [one == other for one, other in zip(plain, few, strict=True)] == [True, False, True, False]
        assert roomy.engine.cost.row(1024) < batching.engine.cost.row(1024)
        for _ in range(2):
            (written,), cached = roomy.write(prompt, sampling=ENDLESS, most=20)
            assert (len(written), cached) == (20, [0])


@pytest.mark.parametrize("plan", [planned(bits=4), planned(draft=DEMO), planned(bits=8, draft=DEMO, guesses=8)])
@pytest.mark.parametrize(("prompt", "answer"), [(20, 300), (1500, 4)])
def test_no_row_takes_more_than_the_book_has(plan: Plan, prompt: int, answer: int) -> None:
    others = mx.get_active_memory()
    with bench(plan) as roomy:
        mx.reset_peak_memory()
        roomy.write(tokens(prompt), sampling=ENDLESS, most=answer, tenant=None)
        booked = roomy.engine.cost.weights + roomy.engine.cost.of_rows([prompt + answer]).whole
        assert mx.get_peak_memory() - others <= booked


def test_caches_that_do_not_batch_are_written_one_at_a_time(tmp_path: Path) -> None:
    model = make_model("llama4", tmp_path / "chunked")
    with bench(model) as roomy:
        assert isinstance(roomy.engine, SerialEngine)
        for prompt in PROMPTS[:3]:
            assert roomy.write(prompt, most=40)[0] == [alone(model.folder, prompt, 40)]


def alone(folder: Path, prompt: list[int], most: int) -> list[int]:
    """What the model writes when it reads everything anew for each token."""
    model, _ = load_model(folder)
    whole = list(prompt)
    while len(whole) < len(prompt) + most and whole[-1] != 2:
        token = mx.argmax(model(mx.array([whole]), make_prompt_cache(model))[0, -1]).item()
        assert isinstance(token, int)
        whole.append(token)
    return whole[len(prompt) :]


def test_a_row_that_is_removed_leaves_its_place(guessing: Bench, batching: Bench) -> None:
    for steps in (0, 1, 3):
        begun = guessing.engine.insert(PROMPTS[3], ENDLESS, max_tokens=100)
        for _ in range(steps):
            guessing.engine.step()
        guessing.engine.remove(begun.row)
        assert guessing.engine.step() == []
    assert guessing.write(PROMPTS[2], tenant=None) == batching.write(PROMPTS[2], tenant=None)


def other_words(folder: Path) -> Installed:
    """The demo model with two of its words in each other's place."""
    swap_words(copy_demo(folder.parent, folder.name))
    return Installed("test/other-words", folder, "models", 0)


def test_options_that_do_not_suit_are_refused_with_the_reason(tmp_path: Path) -> None:
    sliding = make_model("gemma3_text", tmp_path / "sliding")
    plans = {
        "vocabularies are not the same": planned(draft=other_words(tmp_path / "words")),
        "cannot be cut back": planned(draft=sliding),
        "cannot be quantized": planned(sliding, bits=4),
    }
    for reason, plan in plans.items():
        before = mx.get_active_memory()
        mx.reset_peak_memory()
        with pytest.raises(GatewayError, match=reason) as refused, bench(plan):
            pass
        assert plan.model.name in refused.value.message
        # Before any weights were read.
        assert mx.get_peak_memory() - before < 2**16
