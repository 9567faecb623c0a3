"""The sessions behind the targets of settlement: how games are read from JSON, driven, and shown."""
