"""The local engine over the whole path (client, gateway, worker) next to mlx-lm's own server; what the path costs."""
