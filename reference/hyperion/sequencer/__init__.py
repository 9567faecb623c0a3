"""Who orders transactions: stake, the schedule of leaders, and finality. The parts meet in ``rules``."""
