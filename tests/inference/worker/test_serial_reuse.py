"""What models that answer one request at a time keep of prompts, in memory and on disk."""

import random
from pathlib import Path

import pytest

from inference import ir
from inference.worker.plans import Plan
from inference.worker.prefix_files import PrefixFiles
from tests.engines import DEMO, PLENTY, bench, planned

SEEDED = ir.Sampling(temperature=0.8, top_k=8, seed=7)
KEEPING = [planned(bits=4), planned(bits=8, draft=DEMO), planned(draft=DEMO)]


def tokens(count: int, seed: int = 1) -> list[int]:
    numbers = random.Random(seed)
    return [numbers.randrange(3, 1000) for _ in range(count)]


@pytest.mark.parametrize("plan", KEEPING)
def test_what_was_read_serves_the_next_prompt_of_its_tenant(plan: Plan) -> None:
    whole = tokens(700, 5)
    turns = [whole[:300], whole[:299] + tokens(50, 6), whole, whole]
    with bench(plan) as roomy:
        plain = [roomy.write(turn, sampling=SEEDED, tenant=None)[0] for turn in turns]
        answers = [roomy.write(turn, sampling=SEEDED) for turn in turns]
        assert [written for written, _ in answers] == plain
        assert [cached for _, (cached,) in answers] == [0, 299, 299, 699]
        assert roomy.write(whole, tenant="other")[1] == [0]


@pytest.mark.parametrize("plan", KEEPING[:2])
def test_what_was_read_is_found_on_disk(plan: Plan, tmp_path: Path) -> None:
    prompt = tokens(600, 5)
    with bench(plan, files=PrefixFiles(tmp_path, PLENTY)) as roomy:
        expected, _ = roomy.write(prompt)
        roomy.save()
    with bench(plan, files=PrefixFiles(tmp_path, PLENTY)) as roomy:
        assert roomy.write(prompt) == (expected, [599])
    with bench(planned(bits=8 if plan.options.kv_bits == 4 else 4), files=PrefixFiles(tmp_path, PLENTY)) as roomy:
        assert roomy.write(prompt)[1] == [0]


def test_a_draft_model_finds_what_the_model_has_read_without_it(tmp_path: Path) -> None:
    prompt = tokens(600, 5)
    with bench(DEMO, files=PrefixFiles(tmp_path, PLENTY)) as roomy:
        expected, _ = roomy.write(prompt)
        roomy.save()
    with bench(planned(draft=DEMO), files=PrefixFiles(tmp_path, PLENTY)) as roomy:
        assert roomy.write(prompt) == (expected, [599])
