"""A soak: the whole product under every kind of load, and what it holds of memory and slots meanwhile."""
