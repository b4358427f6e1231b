"""One folder an engine: its policies, from parsed documents to what they say."""
