"""Where the process meets the machine: files, helm, git, and what commands take as input."""
