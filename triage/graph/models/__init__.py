"""Graph v1.0's answers, as far as triage reads them (https://learn.microsoft.com/graph/api/overview).

A property is None where Graph said null or left it out: for lists that is not the same as an empty one, since
Graph returns null for what the caller may not see.

A module for each workload, as in `questions`.
"""
