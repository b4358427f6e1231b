"""The catalog: an untrusted mapping, judged by schema and code, becomes frozen types."""
