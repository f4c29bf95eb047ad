"""How a stream of events is watched without being parsed, for clients that read it as the upstream wrote it.

Every event names itself at the head of a line, where no JSON can reach: it has its line ends escaped.
"""

import re

TERMINAL = re.compile(rb"(?:^|[\r\n])event: ?message_stop\b")
ERROR = re.compile(rb"(?:^|[\r\n])event: ?error\b")
CONTENT = re.compile(rb"(?:^|[\r\n])event: ?(?:content_block_|message_delta)")
USAGE = re.compile(rb'"usage"\s*:\s*\{')


# The plain word is looked for first, because a search for the head of a line takes many times as long.


def is_terminal(events: bytes) -> bool:
    return b"message_stop" in events and TERMINAL.search(events) is not None


def may_be_error(events: bytes) -> bool:
    return b"error" in events and ERROR.search(events) is not None


def has_content(events: bytes) -> bool:
    return CONTENT.search(events) is not None


def may_have_usage(events: bytes) -> bool:
    return USAGE.search(events) is not None
