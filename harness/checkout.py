"""What git and the CI service say about the version at hand."""
