"""What the tests share: the engine, throw-away stacks, outside clients, probes, inventories.

One module for each thing that a test speaks to. Nothing in here is imported by the product, and nothing in here uses
the product's own clients: a test that borrowed them could not see them fail.
"""
