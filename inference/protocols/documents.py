"""A document of plain text as the text that a model reads, where a backend knows no documents."""

from inference import ir

FENCE = "-----"


def is_pdf(document: ir.Document) -> bool:
    return bool(document.data)


def document_text(document: ir.Document) -> str:
    """Its title and context, then what it says between two fences."""
    title = [f"Document: {document.title}"] if document.title else []
    context = [f"Context: {document.context}"] if document.context else []
    return "\n".join([*title, *context, FENCE, document.text, FENCE])
