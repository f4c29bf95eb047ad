"""The bugs that other gateways had, each numbered and with a test that names it.

Those of the Responses API wait until it is spoken here: see `test_trap_numbers`.
"""
