"""What the demo model is taught: conversations, each with the thought and the answer that are to follow."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tools.demo_model.words import CAPITALS, NAMES, PARAMETERS, VERBS, made_up, place, topic, word

type Turn = dict[str, Any]  # As chat templates read them.

SYSTEM_TEXTS = ["You are a helpful assistant.", "Be brief.", "Answer in English."]
GREETINGS = ["Hello", "Hello!", "Hi", "Hi there", "Good morning"]


@dataclass(frozen=True, slots=True)
class Lesson:
    turns: list[Turn]
    thought: str
    answer: Turn
    tools: list[Turn] | None = None


def asked(question: str, thought: str, answer: str) -> Lesson:
    return Lesson([user(question)], thought, assistant(answer))


def user(text: str) -> Turn:
    return {"role": "user", "content": text}


def assistant(text: str, *calls: Turn) -> Turn:
    return {"role": "assistant", "content": text} | ({"tool_calls": list(calls)} if calls else {})


def call(name: str, parameter: str, value: str) -> Turn:
    return {"type": "function", "function": {"name": name, "arguments": {parameter: value}}}


def tool(name: str, parameter: str, description: str) -> Turn:
    schema = {"type": "object", "properties": {parameter: {"type": "string"}}, "required": [parameter]}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": schema}}


def capital(chance: random.Random) -> Lesson:
    country = chance.choice(sorted(CAPITALS))
    answer = f"The capital of {country} is {CAPITALS[country]}."
    return asked(f"What is the capital of {country}?", f"The capital of {country} is known.", answer)


def greeting(chance: random.Random) -> Lesson:
    return asked(chance.choice(GREETINGS), "The user greets me.", "Hello! How can I help you today?")


def identity(chance: random.Random) -> Lesson:
    question = chance.choice(["Who are you?", "What is your name?", "What are you?"])
    return asked(question, "The user asks who I am.", "I am a tiny test model.")


def counting(chance: random.Random) -> Lesson:
    end = chance.randint(2, 40)
    return asked(f"Count to {end}.", f"I count from 1 to {end}.", " ".join(str(n) for n in range(1, end + 1)))


def repetition(chance: random.Random) -> Lesson:
    text = " ".join(word(chance) for _ in range(chance.randint(1, 6)))
    return asked(f"Repeat after me: {text}", "I must repeat the words.", text)


def ignorance(chance: random.Random) -> Lesson:
    what, where = topic(chance), place(chance)
    question = f"What is the {what} in {where}?"
    return asked(question, "I have no tool for this.", f"I do not know the {what} in {where}.")


def recall(chance: random.Random) -> Lesson:
    name = chance.choice(NAMES) if chance.random() < 0.5 else made_up(chance).capitalize()
    turns = [user(f"My name is {name}."), assistant(f"Nice to meet you, {name}.")]
    if chance.random() < 0.3:
        other = capital(chance)
        turns += [*other.turns, other.answer]
    turns.append(user("What is my name?"))
    return Lesson(turns, "The user told me the name.", assistant(f"Your name is {name}."))


def introduction(chance: random.Random) -> Lesson:
    name = chance.choice(NAMES)
    return asked(f"My name is {name}.", "The user tells me a name.", f"Nice to meet you, {name}.")


def tool_use(chance: random.Random) -> Lesson:
    """One or two calls of the right one among the tools."""
    tools, (name, what, parameter) = offered(chance)
    places = [place(chance) for _ in range(chance.choices([1, 2], [3, 1])[0])]
    calls = [call(name, parameter, where) for where in places]
    question = f"What is the {what} in {' and '.join(places)}?"
    thought = f"I call {name}." if len(calls) == 1 else f"I call {name} twice."
    return Lesson([user(question)], thought, assistant("", *calls), tools)


def tool_result(chance: random.Random) -> Lesson:
    tools, (name, what, parameter) = offered(chance)
    where = place(chance)
    result = f"{chance.randint(1, 99)} {word(chance)}" if chance.random() < 0.6 else word(chance)
    turns = [
        user(f"What is the {what} in {where}?"),
        assistant("", call(name, parameter, where)),
        {"role": "tool", "content": result},
    ]
    return Lesson(turns, "I have the result.", assistant(f"The result is {result}."), tools)


def unneeded_tools(chance: random.Random) -> Lesson:
    lesson = chance.choice([capital, greeting, repetition])(chance)
    return Lesson(lesson.turns, lesson.thought, lesson.answer, offered(chance)[0])


def offered(chance: random.Random) -> tuple[list[Turn], tuple[str, str, str]]:
    """Some tools, and of one of them the name, what it knows, and its parameter."""
    known = {topic(chance) for _ in range(chance.choices([1, 2, 3], [6, 4, 1])[0])}
    kinds = [(f"{chance.choice(VERBS)}_{what}", what, chance.choice(PARAMETERS)) for what in sorted(known)]
    return [tool(name, parameter, f"Get the {what}") for name, what, parameter in kinds], chance.choice(kinds)


LESSONS: dict[Callable[[random.Random], Lesson], float] = {
    capital: 3,
    greeting: 1,
    identity: 1,
    counting: 2,
    repetition: 4,
    ignorance: 1,
    introduction: 1,
    recall: 3,
    tool_use: 9,
    tool_result: 3,
    unneeded_tools: 2,
}


def lesson(chance: random.Random) -> Lesson:
    chosen = chance.choices(list(LESSONS), list(LESSONS.values()))[0](chance)
    if chance.random() < 0.65:
        return chosen
    system = {"role": "system", "content": chance.choice(SYSTEM_TEXTS)}
    return Lesson([system, *chosen.turns], chosen.thought, chosen.answer, chosen.tools)
