"""What the gateway costs between a client and a cloud, beside the least that a relay can cost, and beside LiteLLM."""
