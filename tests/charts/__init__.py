"""Charts as a hospital sends them, told in a line or two each, and what their answer must and must not say."""
