"""``/``: the playground. ``pages`` answers; ``asking`` makes the hook request, ``ordered`` is what was ordered on the page,
``what_if`` the chart with another value, ``turning_points`` where along such a value the answer changes."""
