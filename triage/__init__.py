"""Auto-triage of Cisco Secure Email Threat Defense remediation failures in Microsoft 365."""
