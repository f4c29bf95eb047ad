"""From a call to the frames that ask the worker for its answer."""

import functools

import msgspec

from inference.backends.base import Call
from inference.backends.exchanges import Render
from inference.errors import BackendError, Kind
from inference.protocols import native, wire

WORKERS_SHARE = 0.95

JOBS = msgspec.msgpack.Decoder(list[msgspec.Raw])


def requests(call: Call) -> list[tuple[wire.Asking, Render]]:
    """The frames to send for a call, and how what comes for each is rendered. By the endpoint, and what the body is:

    - none: a Job, answered by a stream of events;
    - `choices`: a list of Jobs, answered by one stream of events with the numbers of their jobs;
    - `count`: a Job, answered by its number of tokens;
    - `embeddings`: an EmbeddingJob, answered by Embeddings.
    """
    # The worker is to say first why a request has waited too long: it knows.
    deadline = call.first_byte * WORKERS_SHARE
    submit = functools.partial(wire.Submit, 0, deadline, call.tenant, is_batch=call.is_batch)
    match call.endpoint:
        case "":
            return [(submit(msgspec.Raw(call.body)), wire.prefixed)]
        case "choices":
            jobs = JOBS.decode(call.body)
            return [(submit(job), functools.partial(native.render_choice, number)) for number, job in enumerate(jobs)]
        case "count":
            return [(wire.Count(0, msgspec.Raw(call.body)), wire.prefixed)]
        case "embeddings":
            job = msgspec.Raw(call.body)
            return [(wire.Embed(0, deadline, call.tenant, job, is_batch=call.is_batch), wire.prefixed)]
        case other:
            raise BackendError(Kind.UNSUPPORTED_ENDPOINT, f"The local worker has no endpoint {other}.")
