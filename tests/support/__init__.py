"""What tests share beside fixtures: machines to run, and programs to run on them."""
