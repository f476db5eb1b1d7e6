"""Query options as Graph reads them: entity types, `$filter`, `$select`, paging."""
