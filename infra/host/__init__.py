"""The local machine: folders, files, locks, processes, the engine. Standard library only."""
