"""Spans, metrics and log lines, and where they are sent."""
