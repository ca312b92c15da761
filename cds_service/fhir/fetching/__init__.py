"""Asking the EHR: the queries, the client, and whether what came answers what was asked."""
