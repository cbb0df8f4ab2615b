"""Tasks, runner, records and report: every mapping on every task."""
