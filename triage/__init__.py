"""Auto-triage of Cisco Secure Email Threat Defense remediation failures in Microsoft 365."""

__version__ = "0.1.0"
