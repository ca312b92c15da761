"""``/review``: the desk of those who sign the cards. ``desk`` answers; ``to_do`` is its start page, ``changed`` and
``difference`` what is another than when somebody signed."""
