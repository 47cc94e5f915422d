"""Answers that are given again: kept in memory, and in Redis for all processes.

`interceptor` and `decorator` ask, `answer_cache` finds the answer or has it made, `memory` and
`shared` keep it. Identical questions in flight are worked on once (`flights`, `lease`).
"""
