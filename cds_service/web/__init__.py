"""The pages that people look at: playground, knowledge and governance. Served by the same process, from this package alone."""
