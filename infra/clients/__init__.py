"""Plain Python wrappers of the services' client libraries, independent of Pulumi.

Client libraries are imported inside the functions that use them: a `pulumi up` without changes must not import four
client libraries in two processes (0.2 to 0.3 s each on two cores).
"""
