"""The command line: one module for each command, and the words that people see.  Only here is click imported."""
