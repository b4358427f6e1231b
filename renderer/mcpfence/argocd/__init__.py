"""What Argo CD tells a config management plugin, and what it wants to hear, as plain data: no files, no environment."""
