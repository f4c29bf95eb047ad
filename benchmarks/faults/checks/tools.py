"""The tools that the checks offer, in both vendors' shapes."""

from typing import Any

CITY: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
NONE: dict[str, Any] = {"type": "object", "properties": {}}


def openai_tool(name: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "description": "A tool", "parameters": schema or CITY}}


def anthropic_tool(name: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"name": name, "description": "A tool", "input_schema": schema or CITY}


OPENAI_TOOLS = [openai_tool("get_weather"), openai_tool("now", NONE)]
ANTHROPIC_TOOLS = [anthropic_tool("get_weather"), anthropic_tool("now", NONE)]

# As agents make of a server and its tool. OpenAI takes 64 characters.
LONG = "mcp__a_server_with_a_very_long_name__" + "a_tool_with_a_long_name_too_" * 2
