"""What the tests share: the engine, throw-away stacks, outside clients, probes, inventories.

One module for each system that a test talks to. The product imports nothing from here, and nothing here uses the
product's own clients: a test that used them could not see them fail.
"""
