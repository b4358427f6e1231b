"""What the clouds' command lines print, one module a cloud."""
