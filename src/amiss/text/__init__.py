"""What strings are made of: characters, contexts, edits, patterns; and how they are shown."""
