"""Querying the EHR: the queries, the client, and whether the answers match the queries."""
