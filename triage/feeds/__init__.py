"""Which actions of Email Threat Defense failed: its API gives candidates, and Graph shows the result. No I/O."""
