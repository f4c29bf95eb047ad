"""Blocks of the neutral form as an Anthropic upstream takes them."""

from typing import assert_never

from inference import ir
from inference.errors import Kind, Untranslatable
from inference.ir import JSON
from inference.protocols.media import PDF
from inference.protocols.names import fit_name
from routing.profile import Profile

MOST_BREAKPOINTS = 4


class ContentRenderer:
    """Of one request: the cache breakpoints are counted across its tools, system texts and turns, in this order."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._breakpoints = MOST_BREAKPOINTS

    def turn(self, turn: ir.Message) -> JSON:
        return {"role": turn.role, "content": [self.block(block) for block in turn.content]}

    def block(self, block: ir.Block) -> JSON:
        """Raises Untranslatable."""
        match block:
            case ir.Text(text=text):
                return self.cached({"type": "text", "text": text}, block.cache)
            case ir.Image():
                return self.cached({"type": "image", "source": self._image(block)}, block.cache)
            case ir.Document():
                return self.cached(self._document(block), block.cache)
            case ir.Thinking(text=text, signature=signature):
                return {"type": "thinking", "thinking": text, "signature": signature}
            case ir.RedactedThinking(data=data):
                return {"type": "redacted_thinking", "data": data}
            case ir.ToolUse():
                name = fit_name(block.name, self._profile.tool_name_max)
                rendered = {"type": "tool_use", "id": block.id, "name": name, "input": block.input}
                return self.cached(rendered, block.cache)
            case ir.ToolResult():
                return self.cached(self._result(block), block.cache)
            case _:
                assert_never(block)

    def cached(self, rendered: dict[str, JSON], cache: str | None) -> dict[str, JSON]:
        """With a breakpoint behind it, as long as there are some left."""
        if cache is None or not self._breakpoints:
            return rendered
        self._breakpoints -= 1
        return rendered | {"cache_control": {"type": "ephemeral"} | ({"ttl": cache} if cache != "5m" else {})}

    def _result(self, result: ir.ToolResult) -> dict[str, JSON]:
        parts = [self.block(part) for part in result.content if not isinstance(part, ir.Text) or part.text.strip()]
        rendered: dict[str, JSON] = {"type": "tool_result", "tool_use_id": result.tool_use_id, "content": parts or ""}
        return rendered | {"is_error": True} if result.is_error else rendered

    def _image(self, image: ir.Image) -> JSON:
        if not self._profile.images:
            raise unseen("images", image.path)
        if not image.url:
            return {"type": "base64", "media_type": image.media_type, "data": image.data}
        if not self._profile.image_urls or not image.url.lower().startswith("https://"):
            raise unseen("images at such an address: send it in base64", image.path)
        return {"type": "url", "url": image.url}

    def _document(self, document: ir.Document) -> dict[str, JSON]:
        if document.data and not self._profile.pdf:
            raise unseen("PDFs", document.path)
        source = {"type": "base64", "media_type": PDF, "data": document.data}
        if not document.data:
            source = {"type": "text", "media_type": "text/plain", "data": document.text}
        rendered: dict[str, JSON] = {"type": "document", "source": source}
        if document.title:
            rendered["title"] = document.title
        if document.context:
            rendered["context"] = document.context
        return rendered


def unseen(what: str, path: str) -> Untranslatable:
    message = f"The backend that answers this model does not take {what}."
    return Untranslatable(message, param=path or "messages", kind=Kind.UNSUPPORTED_CONTENT)
