"""Schedules: jobs that are submitted at certain times, by a timer that runs `mlw schedule run`."""
