"""By which variables a suite's session is told where to write; known without importing pytest."""

RESULTS = "HARNESS_SUITE_RESULTS"  # the file of what became of every test
LIFELINE = "HARNESS_SUITE_LIFELINE"  # a file descriptor; when its other end closes, the suite ends
