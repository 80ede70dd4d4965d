"""One ComponentResource for each Azure resource, made in two steps.

*Declared* (the constructor): registered with its Azure properties, so that every policy judges every component.
*Provisioned* (`provision`): its containers, volumes and data are made. The program declares all components before it
provisions the first, so that a violation never leaves half a stack (docs/adr/0002).
"""
