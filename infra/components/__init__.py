"""One ComponentResource for each Azure resource, created in two steps.

*Declare* (the constructor): register it with its Azure properties, so that policies check every component.
*Provision* (`provision`): create its containers, volumes and data. The program declares all components before it
provisions the first, so that a violation never leaves half a stack (docs/adr/0002).
"""
