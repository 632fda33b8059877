"""What a researcher calls: the same engine as the pages', in a few functions; see docs/researchers.md."""
