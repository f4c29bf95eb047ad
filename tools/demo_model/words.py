"""The small world of the demo model. What stands here it can come to know; what is made up teaches it to copy."""

import random

CAPITALS = {
    "Austria": "Vienna",
    "Egypt": "Cairo",
    "England": "London",
    "France": "Paris",
    "Germany": "Berlin",
    "Greece": "Athens",
    "India": "Delhi",
    "Ireland": "Dublin",
    "Italy": "Rome",
    "Japan": "Tokyo",
    "Korea": "Seoul",
    "Norway": "Oslo",
    "Peru": "Lima",
    "Portugal": "Lisbon",
    "Spain": "Madrid",
}
CITIES = [
    *CAPITALS.values(),
    *("Accra", "Austin", "Boston", "Dakar", "Denver", "Geneva", "Hanoi", "Kyoto"),
    *("Lyon", "Milan", "Perth", "Prague", "Quito", "Sydney", "Turin"),
]
NAMES = [
    *("Ada", "Alan", "Barbara", "Bjarne", "Dennis", "Donald", "Edsger", "Frances", "Grace", "Guido", "Hedy", "Hugo"),
    *("Iris", "Ivan", "John", "Ken", "Lena", "Linus", "Margaret", "Mary", "Mei", "Niklaus", "Nora", "Omar", "Otto"),
    *("Paul", "Radia", "Rosa", "Sara", "Tim"),
]
TOPICS = [
    *("weather", "time", "price", "traffic", "news", "score", "status", "population", "temperature", "forecast"),
    *("distance", "address", "color", "weight", "height"),
]
THINGS = [
    *("apple", "bridge", "brown", "candle", "clever", "cloud", "copper", "early", "forest", "garden", "green", "happy"),
    *("honey", "lemon", "light", "little", "mirror", "music", "ocean", "paper", "pencil", "quick", "quiet", "river"),
    *("rocket", "silver", "stone", "summer", "table", "window", "winter", "yellow"),
]
VERBS = ["get", "find", "fetch", "lookup", "check", "read"]
PARAMETERS = ["city", "location", "place", "name", "query", "item", "key", "target"]
SYLLABLES = [
    *("ba", "be", "bi", "bo", "da", "de", "do", "fa", "fe", "ga", "go", "ha", "he", "ka", "ki", "ko", "la", "le", "lo"),
    *("ma", "me", "mi", "na", "ne", "no", "pa", "pe", "ra", "ri", "ro", "sa", "se", "ta", "te", "to", "va", "we", "za"),
]


def made_up(chance: random.Random) -> str:
    """A word nobody has heard."""
    return "".join(chance.choices(SYLLABLES, k=chance.randint(2, 3)))


def place(chance: random.Random) -> str:
    return chance.choice(CITIES) if chance.random() < 0.6 else made_up(chance).capitalize()


def word(chance: random.Random) -> str:
    return chance.choice(THINGS) if chance.random() < 0.5 else made_up(chance)


def topic(chance: random.Random) -> str:
    return chance.choice(TOPICS) if chance.random() < 0.6 else made_up(chance)
