"""Two sides compared by what they let through, never by their text: catalogs, folders, streams, Git revisions."""
