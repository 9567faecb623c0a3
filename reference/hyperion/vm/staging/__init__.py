"""The staged executor: a second way to run, derived from ``step`` by running it on values that are recorded.

For an entry of a code, ``recording`` builds a machine whose code, program counter and shape of the stack are known and
whose words, gas, memory and storage are not; ``exploring`` runs the specification's own ``step`` on it over all paths;
``tracing`` prints what the paths leave to be computed as Python; ``executing`` runs the printed blocks where they apply
and ``step`` everywhere else. No instruction's meaning is written here.
"""
