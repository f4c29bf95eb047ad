"""The gateways that can be checked: how each is configured, started and ended. All of it on loopback."""
