"""Whether a request or a response is the one that a pact promises, by the rules of the Pact specification.

It reads what the specification calls a request and a response, as they stand in a pact of any version, and knows
nothing of any verifier: where that and this disagree, one of them is wrong, and the harness says so.
"""

REVISION = "1"  # raised whenever a judgement may change: what was judged before it is judged anew
