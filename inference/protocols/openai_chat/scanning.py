"""How a stream of chunks is watched without being parsed, for clients that read it as the upstream wrote it.

Inside a JSON string every quote is escaped, so that a key in quotes is a key and not a word somebody wrote.
"""

import re

DONE = re.compile(rb"(?:^|[\r\n])data: ?\[DONE\]")
FINISH = re.compile(rb'"finish_reason"\s*:\s*"')
ERROR = re.compile(rb'"error"\s*:\s*[{"]')
CONTENT = re.compile(rb'"(?:content|reasoning_content|reasoning|refusal|text|arguments|name)"\s*:\s*"[^"]')
USAGE = re.compile(rb'"usage"\s*:\s*\{')


def is_terminal(events: bytes) -> bool:
    return FINISH.search(events) is not None or (b"[DONE]" in events and DONE.search(events) is not None)


def may_be_error(events: bytes) -> bool:
    return ERROR.search(events) is not None


def has_content(events: bytes) -> bool:
    return CONTENT.search(events) is not None


def may_have_usage(events: bytes) -> bool:
    return USAGE.search(events) is not None
