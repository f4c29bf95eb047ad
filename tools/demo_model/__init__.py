"""Builds the demo model that ships with MLX Manager: synthetic conversations, a tokenizer, and the training."""

from inference.worker import load_blas

load_blas()
