"""What git and the CI service say about the version at hand."""

from harness.checkout.ci import Build, from_ci
from harness.checkout.git import Checkout, detect, version

__all__ = ["Build", "Checkout", "detect", "from_ci", "version"]
