"""Stacks of earlier versions of the project: their state in today's form, with the data where it is."""
