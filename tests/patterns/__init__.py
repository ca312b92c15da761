"""How much work a pattern costs, counted; and every pattern that the project compiles."""
