"""Azure's documented rules as pure tables and functions.

No Pulumi, no input or output but the file of assignments: the same functions judge a stack file before anything is
registered, and resources in the policy pack. The source of every rule is named in its declaration.
"""
