"""The experiments of claims: functions that measure one seed, found by the name of their module."""
