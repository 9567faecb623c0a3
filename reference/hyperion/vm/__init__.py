"""Floor 2: the machine as a pure step function, its instructions, gas, precompiles and forks."""
