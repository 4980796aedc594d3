"""Pure questions to the facts: together, in which order, and how to go back.

The definition, line by line, is docs/explanation/compatibility.md. The command line, pytest, pages and HTTP
all call these functions.
"""

from harness.gate.decision import Decision, can_i_deploy, can_i_deploy_everywhere
from harness.gate.order import DeploymentPlan, Link, Step, deployment_plan
from harness.gate.placing import Instances
from harness.gate.rollback import Rollback, RollbackTarget, rollback_targets
from harness.gate.target_state import MeetingPair
from harness.gate.what_if import suppose

__all__ = [
    "Decision",
    "DeploymentPlan",
    "Instances",
    "Link",
    "MeetingPair",
    "Rollback",
    "RollbackTarget",
    "Step",
    "can_i_deploy",
    "can_i_deploy_everywhere",
    "deployment_plan",
    "rollback_targets",
    "suppose",
]
