"""``/worklist``: whom the guidelines concern in a population. ``pages`` answers; ``lines`` are those shown and their states."""
