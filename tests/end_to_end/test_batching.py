"""Many clients at once are one batch for the worker, and each reads what it would have read alone."""

from concurrent.futures import ThreadPoolExecutor

import openai

from tests.gateway import Gateway

STREAMS = 16
SUBJECTS = ["fox", "cat", "dog", "owl", "bear", "frog", "hen", "wolf", "duck", "mouse", "goat", "crow"]


def tell(client: openai.OpenAI, number: int) -> str:
    question = f"Tell me a story about a {SUBJECTS[number % len(SUBJECTS)]}."
    if number >= len(SUBJECTS):
        question = f"Count to {number + 20}."
    chunks = client.chat.completions.create(
        model="demo", messages=[{"role": "user", "content": question}], temperature=0, stream=True, max_tokens=60
    )
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def test_sixteen_streams_share_steps_and_none_changes_another(gateway: Gateway, openai_client: openai.OpenAI) -> None:
    def steps() -> int:
        count: int = gateway.ready()["parts"]["worker"]["steps"]
        return count

    before = steps()
    alone = [tell(openai_client, number) for number in range(STREAMS)]
    one_by_one = steps() - before
    before = steps()
    with ThreadPoolExecutor(STREAMS) as pool:
        together = list(pool.map(lambda number: tell(openai_client, number), range(STREAMS)))
    batched = steps() - before
    assert together == alone
    assert all(len(text) > 10 for text in together)
    # A step of the engine costs one pass over the weights, however many rows take part. On a busy
    # machine the clients come one after another, so what they shared is asked for with room to spare.
    assert batched < one_by_one / 2
