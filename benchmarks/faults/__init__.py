"""A black-box fault check for any gateway that speaks both protocols: scripted upstreams behind it, a client before it.

What must hold is what the vendors' protocols demand, never a code or header of ours.
"""
