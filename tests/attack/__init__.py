"""What an attacker, or a broken client, may send: abuses, and how the running service bears them."""
