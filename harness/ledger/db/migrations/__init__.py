"""Steps that bring an older ledger to the newest schema; only ever forward."""
