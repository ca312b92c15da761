"""``/review``: the desk of those who sign the cards. ``desk`` answers; ``to_do`` is its start page, ``paper``
prints, ``changed`` and ``difference`` are what is another than when somebody signed."""
