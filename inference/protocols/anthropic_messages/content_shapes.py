"""The shapes of content blocks, as clients send them. Fields that we may ignore are not listed."""

import msgspec

from inference.ir import JSON


class CacheControl(msgspec.Struct):
    ttl: str | None = None


class Citations(msgspec.Struct):
    enabled: bool | None = None


class Cacheable(msgspec.Struct, kw_only=True):
    cache_control: CacheControl | None = None


# Where a picture or document comes from.


class Base64Source(msgspec.Struct, tag_field="type", tag="base64"):
    data: str
    media_type: str = ""


class UrlSource(msgspec.Struct, tag_field="type", tag="url"):
    url: str


class FileSource(msgspec.Struct, tag_field="type", tag="file"):
    """In the vendor's store."""


class TextSource(msgspec.Struct, tag_field="type", tag="text"):
    data: str


class ContentSource(msgspec.Struct, tag_field="type", tag="content"):
    content: "str | list[TextBlock | ImageBlock]"


# What a tool's result may hold, and a message.


class TextBlock(Cacheable, tag_field="type", tag="text"):
    text: str


class ImageBlock(Cacheable, tag_field="type", tag="image"):
    source: Base64Source | UrlSource | FileSource


class DocumentBlock(Cacheable, tag_field="type", tag="document"):
    source: Base64Source | TextSource | ContentSource | UrlSource | FileSource
    title: str | None = None
    context: str | None = None
    citations: Citations | None = None


class SearchResultBlock(Cacheable, tag_field="type", tag="search_result"):
    content: list[TextBlock]
    source: str
    title: str
    citations: Citations | None = None


class ToolReferenceBlock(msgspec.Struct, tag_field="type", tag="tool_reference"):
    tool_name: str


class Tab(msgspec.Struct):
    title: str | None = None
    url: str | None = None


class BrowserStateBlock(msgspec.Struct, tag_field="type", tag="browser_state"):
    tabs: list[Tab]


type Part = TextBlock | ImageBlock | DocumentBlock | SearchResultBlock
type ResultPart = Part | ToolReferenceBlock | BrowserStateBlock


# What a message alone may hold.


class ThinkingBlock(msgspec.Struct, tag_field="type", tag="thinking"):
    thinking: str
    signature: str = ""


class RedactedThinkingBlock(msgspec.Struct, tag_field="type", tag="redacted_thinking"):
    data: str


class ToolUseBlock(Cacheable, tag_field="type", tag="tool_use"):
    id: str
    name: str
    input: dict[str, JSON]


class ToolResultBlock(Cacheable, tag_field="type", tag="tool_result"):
    tool_use_id: str
    content: str | list[ResultPart] | None = None
    is_error: bool | None = None


class CompactionBlock(Cacheable, tag_field="type", tag="compaction"):
    """The model's own summary of what was said before. None: it failed."""

    content: str | None = None


# What the vendor ran itself, and what came of it.


class ServerToolUseBlock(msgspec.Struct, tag_field="type", tag="server_tool_use"):
    name: str
    input: dict[str, JSON]


class ServerResult(msgspec.Struct):
    content: JSON = None


class WebSearchResult(ServerResult, tag_field="type", tag="web_search_tool_result"):
    pass


class WebFetchResult(ServerResult, tag_field="type", tag="web_fetch_tool_result"):
    pass


class CodeExecutionResult(ServerResult, tag_field="type", tag="code_execution_tool_result"):
    pass


class BashExecutionResult(ServerResult, tag_field="type", tag="bash_code_execution_tool_result"):
    pass


class TextEditorExecutionResult(ServerResult, tag_field="type", tag="text_editor_code_execution_tool_result"):
    pass


class ToolSearchResult(ServerResult, tag_field="type", tag="tool_search_tool_result"):
    pass


class AdvisorResult(ServerResult, tag_field="type", tag="advisor_tool_result"):
    pass


# What means nothing to anybody but the vendor.


class Foreign(msgspec.Struct):
    pass


class ContainerUpload(Foreign, tag_field="type", tag="container_upload"):
    pass


class McpToolUse(Foreign, tag_field="type", tag="mcp_tool_use"):
    pass


class McpToolResult(Foreign, tag_field="type", tag="mcp_tool_result"):
    pass


class McpToolListing(Foreign, tag_field="type", tag="mcp_tool_listing"):
    pass


class Fallback(Foreign, tag_field="type", tag="fallback"):
    pass


type ServerBlock = (
    ServerToolUseBlock
    | WebSearchResult
    | WebFetchResult
    | CodeExecutionResult
    | BashExecutionResult
    | TextEditorExecutionResult
    | ToolSearchResult
    | AdvisorResult
)
type ForeignBlock = ContainerUpload | McpToolUse | McpToolResult | McpToolListing | Fallback
type Block = (
    Part
    | ThinkingBlock
    | RedactedThinkingBlock
    | ToolUseBlock
    | ToolResultBlock
    | CompactionBlock
    | ServerBlock
    | ForeignBlock
)
