"""Values files in canonical order, indentation and quoting: nothing that they say changes, and no comment is lost."""
