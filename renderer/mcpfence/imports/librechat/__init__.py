"""LibreChat's configuration."""
