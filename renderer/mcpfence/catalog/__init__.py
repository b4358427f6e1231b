"""The catalog: what a user wrote, an untrusted mapping, is judged by schema and code and becomes frozen types."""
