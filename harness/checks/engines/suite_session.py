"""By which variable a suite's session is told where to write; known without importing pytest."""

RESULTS = "HARNESS_SUITE_RESULTS"  # the file of what became of every test
