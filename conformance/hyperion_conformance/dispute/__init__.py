"""Playing disputes: players honest and hostile, machines to dispute about, and games played to their end."""
