"""`mlw activity`: who created, changed and deleted what; recorded in a log that shows every later change to it.

:mod:`mlw.activity.event_log` is the log, :mod:`mlw.activity.collecting` fills it from the states of the stacks, and
:mod:`mlw.activity.recording` adds the commands that change no state.
"""
