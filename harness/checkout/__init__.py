"""What git and the CI service say about the version at hand."""

from harness.checkout.ci import CiBuild, from_ci
from harness.checkout.git import Checkout, detect, version

__all__ = ["Checkout", "CiBuild", "detect", "from_ci", "version"]
