"""Everything that is asked of Microsoft Graph; nothing is decided here."""
