"""Programs that run in the containers of jobs; see :mod:`mlw.jobs.program_files`."""
