"""Tools that Anthropic's models know by a dated name, and the client runs: to others they are told with a schema."""

import re

from inference.ir import JSON

BASH = "bash_20250124"
TEXT_EDITOR = re.compile(r"text_editor_(\d{8})")
# From here on the editor inserts `insert_text`, where it was `new_str`, and undoes nothing.
SECOND_EDITOR = 20250429

BASH_SCHEMA: dict[str, JSON] = {
    "type": "object",
    "properties": {
        "command": {"type": "string", "description": "The command to run. Required unless restart is true."},
        "restart": {"type": "boolean", "description": "Start the shell anew."},
    },
}


def known_tool(kind: str) -> tuple[str, dict[str, JSON]] | None:
    """The description and the schema, where we know them."""
    if kind == BASH:
        return "Run a command in a shell that keeps its state from call to call.", BASH_SCHEMA
    if editor := TEXT_EDITOR.fullmatch(kind):
        return "View, create and edit text files.", editor_schema(is_second=int(editor[1]) >= SECOND_EDITOR)
    return None


def editor_schema(*, is_second: bool) -> dict[str, JSON]:
    inserted = "insert_text" if is_second else "new_str"
    commands = ["view", "create", "str_replace", "insert", *([] if is_second else ["undo_edit"])]
    properties: dict[str, JSON] = {
        "command": {"type": "string", "enum": commands},
        "path": {"type": "string", "description": "Absolute path of the file or directory."},
        "view_range": {
            "type": "array",
            "items": {"type": "integer"},
            "description": "For view: first and last line, counted from 1; -1 as the last is the end.",
        },
        "file_text": {"type": "string", "description": "For create: the whole content."},
        "old_str": {"type": "string", "description": "For str_replace: the text to replace; it must occur once."},
        "new_str": {"type": "string", "description": "For str_replace: the text in its place."},
        "insert_line": {"type": "integer", "description": f"For insert: the line after which {inserted} goes."},
    }
    if is_second:
        properties["insert_text"] = {"type": "string", "description": "For insert: the text."}
    return {"type": "object", "properties": properties, "required": ["command", "path"]}
