"""The language that layers speak: ops emitted forward, and swept backward."""
