"""Options -> CDS Hooks actions: the orders that a suggestion proposes, amends or removes."""
