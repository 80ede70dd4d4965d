"""Images of Python programs: Debian's CPython, hashed wheels, and one program of this project on them.

They are made without a Dockerfile. Each layer is a tar archive whose bytes depend on nothing but its content, so that
the same inputs give the same image id on every machine, and images of several programs share the layer of the base.
`building` makes them; `python_recipes` says what they are made of.
"""
