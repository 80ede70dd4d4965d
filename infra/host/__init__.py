"""The machine that the project runs on: folders, files, locks, processes, the engine. Standard library only."""
