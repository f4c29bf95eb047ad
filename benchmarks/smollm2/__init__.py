"""A small model that has seen the world: SmolLM2-135M-Instruct, brought from the package index and converted once."""
