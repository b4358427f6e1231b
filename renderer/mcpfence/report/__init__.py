"""The report: one page and one picture for all servers, who calls them, what each reaches, which rule enforces it."""
