"""What happens between the runs of a block's machines, a bounded piece at a time, so that each piece can be proved."""
