"""Which of Email Threat Defense's actions failed: what its API says becomes candidates, and Graph decides. No I/O."""
