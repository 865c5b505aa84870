"""Files to start from: plug-ins, cases, matrices and claims of one's own."""
