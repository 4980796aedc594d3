"""The kinds of evidence that the harness brings itself, a file for each; each loads its check when one runs."""
