"""The measuring process, put together from a configuration.

Nothing here loads pandas: the nightly analysis is a child process, so that it cannot
disturb the probes' timing.
"""
