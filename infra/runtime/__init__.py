"""What every process of the service stands on: settings, logs, traces, connections."""
