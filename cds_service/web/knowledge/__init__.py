"""``/knowledge``: what the service knows, public. ``pages`` answers; ``about`` is the knowledge as a whole, ``attributes`` what
rules for transparency ask for, ``wording`` the texts of a card as their author wrote them."""
