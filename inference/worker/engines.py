"""Brings a model into memory, and chooses by its cache and its options what runs it."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from inference import footprints
from inference.footprints import Working
from inference.worker import caches
from inference.worker.adapter import TokenizerWrapper, leaves, make_prompt_cache
from inference.worker.drawing import Drawing
from inference.worker.engine import Engine, context_window
from inference.worker.loading import SHORT, Loading, MakeCache, Opened, bring, cache_layers, open_model, promise
from inference.worker.memory import Cost
from inference.worker.plans import Plan, unusable
from inference.worker.prefixes import Prefixes
from inference.worker.quantizing import quantized
from inference.worker.serial import Guesser, Runnable, SerialEngine

type AnyEngine = Engine | SerialEngine


@dataclass(frozen=True, slots=True)
class Loaded:
    model: Any
    config: dict[str, Any]
    tokenizer: TokenizerWrapper

    @property
    def weights(self) -> int:
        return sum(array.nbytes for array in leaves(self.model))


def load(plan: Plan, *, slots: int, prefixes: Prefixes) -> Loading[AnyEngine]:
    """Raises GatewayError where the options do not suit the model, before any weights are read."""
    opened = open_model(plan.model.folder, plan.model.adapter)
    is_plain = plan.options.kv_bits is None and plan.draft is None
    if not is_plain or not caches.batches(opened.model):
        return (yield from load_serial(plan, opened, prefixes))
    loaded = Loaded(*(yield from bring(opened)))
    layers = yield from cache_layers(loaded.model)
    cost = Cost(loaded.weights, layers, footprints.working(plan.model.folder))
    return Engine(
        plan.model,
        model=loaded.model,
        config=loaded.config,
        tokenizer=loaded.tokenizer,
        cost=cost,
        slots=slots,
        prefixes=prefixes,
    )


def load_serial(plan: Plan, opened: Opened, prefixes: Prefixes) -> Loading[SerialEngine]:
    make = choose_cache(plan, opened.model)
    small = None if plan.draft is None else open_model(plan.draft.folder, plan.draft.adapter)
    if small is not None:
        yield from check_guesser(plan, opened, small, make)
    loaded = Loaded(*(yield from bring(opened)))
    layers = yield from cache_layers(loaded.model, make)
    cost = Cost(loaded.weights, layers, footprints.working(plan.model.folder, fuses=plan.options.kv_bits is None))
    drawing = Drawing(plan.model.folder, loaded.config, loaded.tokenizer)
    run = Runnable(loaded.model, make, drawing.vocabulary, context_window(loaded.config, loaded.tokenizer))
    guesser = None
    if small is not None:
        guesser, extra = yield from load_guesser(plan, small)
        cost = with_guesser(cost, extra, guesses=plan.guesses)
    shelf = None
    if caches.keeps_all(make()):
        # Without, it is what many rows leave as well.
        variant = "" if plan.options.kv_bits is None else f"kv_bits {plan.options.kv_bits}"
        shelf = prefixes.shelf(plan.model, caches.kinds(make()), variant=variant)
    return SerialEngine(run, drawing=drawing, tokenizer=loaded.tokenizer, cost=cost, guesser=guesser, shelf=shelf)


def choose_cache(plan: Plan, model: Any) -> MakeCache:
    if plan.options.kv_bits is None:
        return partial(make_prompt_cache, model)
    filled = make_prompt_cache(model)
    promise(model, filled, SHORT)
    chosen = quantized(model, filled, plan.options.kv_bits)
    if chosen is None:
        raise unusable(plan.name, "kv_bits is set: its cache cannot be quantized.")
    return chosen


def check_guesser(plan: Plan, large: Opened, small: Opened, make_large: MakeCache) -> Loading[None]:
    assert plan.draft is not None
    name, draft = plan.name, plan.draft.name
    if not caches.keeps_all(make_large()) or not caches.keeps_all(make_prompt_cache(small.model)):
        raise unusable(name, f"{draft} cannot guess for it: one of their caches cannot be cut back.")
    vocabularies = []
    for opened in (large, small):
        tokenizer = yield from opened.tokenizer()
        vocabularies.append(tokenizer.get_vocab())
    if vocabularies[0] != vocabularies[1]:
        raise unusable(name, f"{draft} cannot guess for it: their vocabularies are not the same.")


def load_guesser(plan: Plan, opened: Opened) -> Loading[tuple[Guesser, Cost]]:
    """The model that guesses, and what it costs."""
    assert plan.draft is not None
    small = Loaded(*(yield from bring(opened)))
    make = partial(make_prompt_cache, small.model)
    layers = yield from cache_layers(small.model)
    cost = Cost(small.weights, layers, footprints.working(plan.draft.folder))
    vocabulary = Drawing(plan.draft.folder, small.config, small.tokenizer).vocabulary
    run = Runnable(small.model, make, vocabulary, context_window(small.config, small.tokenizer))
    return Guesser(run, plan.guesses), cost


def with_guesser(cost: Cost, extra: Cost, *, guesses: int) -> Cost:
    """Both models' weights and caches; they compute in turn. Logits are had of every guess at once."""
    one, other = cost.working, extra.working
    working = Working(
        token=max(one.token, other.token),
        pair=max(one.pair, other.pair),
        row=(guesses + 1) * one.row + guesses * other.row,
    )
    return replace(cost, weights=cost.weights + extra.weights, layers=cost.layers + extra.layers, working=working)
