"""Spans, metrics and log lines, and how they are sent to Application Insights."""
