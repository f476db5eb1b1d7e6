"""Reads from the API of Email Threat Defense: what it found in mail, and what it did about it. It never writes."""

from triage.etd.client import EtdClient
from triage.etd.errors import EtdError, EtdReason
from triage.etd.pace import Pace
from triage.etd.replies import LogFile, SearchPage

__all__ = ["EtdClient", "EtdError", "EtdReason", "LogFile", "Pace", "SearchPage"]
