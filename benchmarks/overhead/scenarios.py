"""What is asked, and what no change may let it cost."""

from benchmarks.overhead.measure import CHAT, MESSAGES, Scenario

GPT, CLAUDE = "gpt-bench-c1", "claude-bench-c1"
GPT_PACED, CLAUDE_PACED = "gpt-bench-c50-p10", "claude-bench-c50-p10"
# Names by the protocols of client and upstream: O is OpenAI's, A is Anthropic's.
PLAIN = (
    Scenario("plain O→O", CHAT, GPT, clients=32, times=10),
    Scenario("plain A→A", MESSAGES, CLAUDE, clients=32, times=10),
)
PLAIN_TRANSLATED = (
    Scenario("plain O→A", CHAT, CLAUDE, clients=32, times=10),
    Scenario("plain A→O", MESSAGES, GPT, clients=32, times=10),
)
PACED = (
    Scenario("paced O→O", CHAT, GPT_PACED, clients=32, times=1, per="chunk", chunks=50),
    Scenario("paced A→A", MESSAGES, CLAUDE_PACED, clients=32, times=1, per="chunk", chunks=50),
)
PACED_TRANSLATED = (
    Scenario("paced O→A", CHAT, CLAUDE_PACED, clients=32, times=1, per="chunk", chunks=50),
    Scenario("paced A→O", MESSAGES, GPT_PACED, clients=32, times=1, per="chunk", chunks=50),
)
BURST = Scenario("burst O→O", CHAT, "gpt-bench-c200", clients=16, times=2, per="chunk", chunks=200)
LARGE = Scenario("1 MB body", CHAT, GPT, clients=2, times=10, words=1_000_000)
ALONE = Scenario("one client", CHAT, GPT, clients=1, times=100)
FIRST = Scenario("one stream", CHAT, "gpt-bench-c2", clients=1, times=50, per="chunk", chunks=2)

RELAYED = (*PLAIN, *PACED, BURST, LARGE, ALONE, FIRST)
TRANSLATED = (*PLAIN_TRANSLATED, *PACED_TRANSLATED)
MODELS = {GPT: "openai", CLAUDE: "anthropic", GPT_PACED: "openai", CLAUDE_PACED: "anthropic"} | {
    scenario.model: "openai" for scenario in (BURST, FIRST)
}

# How many times the raw relay's CPU time. Far above what is measured, for a machine that others use too.
GATE = {PLAIN[0]: 6.0, PACED[0]: 4.0}
