"""PostgreSQL: embedded or given, its migrations, its pool, group commit, notifications."""
