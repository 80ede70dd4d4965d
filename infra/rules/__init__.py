"""Azure's documented rules as pure tables and functions.

No Pulumi and no I/O, except for reading the file of assignments. The same functions check a stack file before anything
is registered, and resources in the policy pack. Each rule's declaration names its source.
"""
