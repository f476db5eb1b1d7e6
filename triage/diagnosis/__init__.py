"""Why a remediation failed: a pure function of the failure and the evidence."""
