"""One function for each command: it calls, and prints; what it returns is the exit status.

Each imports what it needs when it runs, so that `podcast --help` answers at once.
"""
