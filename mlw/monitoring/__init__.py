"""Monitors of models: from `create_monitor` of a schedule's file to the job that compares the data."""
