"""What every request passes: limits, errors, traces, figures."""
