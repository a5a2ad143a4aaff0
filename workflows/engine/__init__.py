"""What every process has: it follows the record, keeps one timer, performs effects."""
