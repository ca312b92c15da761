"""The laws that must hold over all visits of the simulated clinic (``cds_service/clinic``). ``make clinic``: over many."""
