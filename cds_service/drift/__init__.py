"""Drift: a card that has gone silent or loud, a code that is no longer seen. From counts in the store, no patient.

| part | does |
|---|---|
| ``codes`` | which value sets a record meets |
| ``limits`` | the statistics: a week against the weeks before |
| ``watch`` | the alarm as metric and log line |
"""
