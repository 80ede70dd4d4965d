"""Plain Python around the services' own clients; nothing here knows Pulumi.

The client libraries are imported inside the functions that use them: a `pulumi up` that changes nothing must not pay
for importing four client libraries in two processes (0.2 to 0.3 s each on two cores).
"""
