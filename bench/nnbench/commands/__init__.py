"""One module per verb of the command line, each with a function ``command``."""

VERBS = (
    *("run", "merge", "tune", "ablate", "calibrate", "report", "compare", "judge", "list", "show", "explain"),
    *("claims", "verify", "kernels", "diagnose", "descend", "data", "gate", "doctor", "init", "schema"),
    *("playground", "skill", "export"),
)
